/**
 * Local verification of Authgear access tokens (RFC 7519, 8725, 9068) and the key set behind it.
 * The only package that knows Nimbus.
 */
@NullMarked
package com.authgear.authrequest.verify.jwt;

import org.jspecify.annotations.NullMarked;
