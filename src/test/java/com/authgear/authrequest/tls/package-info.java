/** Certificates made for tests, by OkHttp's tool. */
@NullMarked
package com.authgear.authrequest.tls;

import org.jspecify.annotations.NullMarked;
