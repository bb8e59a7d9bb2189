package com.authgear.authrequest.credential;

import org.jspecify.annotations.Nullable;

/**
 * Where a bearer token may stand in addition to {@code Authorization}, each only if it is named.
 *
 * @param header a request header with the token, with or without {@code Bearer} before it
 * @param cookie a cookie with the token
 * @param originalUriHeader a header in which the proxy puts the client's own URI, whose query
 *     parameter {@code access_token} is the token (RFC 6750 §2.3)
 */
public record TokenCarriers(
    @Nullable String header, @Nullable String cookie, @Nullable String originalUriHeader) {

  /** Only {@code Authorization}. */
  public static final TokenCarriers NONE = new TokenCarriers(null, null, null);
}
