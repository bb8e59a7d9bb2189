/** How the service runs: what it tells those who started it. */
@NullMarked
package com.authgear.authrequest.serve;

import org.jspecify.annotations.NullMarked;
