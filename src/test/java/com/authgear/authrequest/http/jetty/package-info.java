@NullMarked
package com.authgear.authrequest.http.jetty;

import org.jspecify.annotations.NullMarked;
