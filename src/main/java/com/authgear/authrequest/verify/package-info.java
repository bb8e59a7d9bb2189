/**
 * Credential in, {@link com.authgear.authrequest.verify.Verification} out. The only place that does
 * I/O for a request. Knows nothing of HTTP answers or of what a location requires.
 */
@NullMarked
package com.authgear.authrequest.verify;

import org.jspecify.annotations.NullMarked;
