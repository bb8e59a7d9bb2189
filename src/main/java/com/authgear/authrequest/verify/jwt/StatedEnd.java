package com.authgear.authrequest.verify.jwt;

import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.text.ParseException;

/**
 * When a JWT that someone else verified says that it ends. Nothing is verified here, so it may only
 * shorten what that verifier said, never prove anything.
 */
public final class StatedEnd {

  private StatedEnd() {}

  /**
   * The {@code exp} of a token, if it is after {@code now}; else {@link Long#MAX_VALUE}, also for
   * what is no JWT.
   *
   * @param now Unix seconds
   */
  public static long of(String token, long now) {
    int payload = token.indexOf('.') + 1;
    int end = token.indexOf('.', payload);
    if (payload == 0 || end < 0) {
      return Long.MAX_VALUE;
    }
    try {
      Object exp =
          JSONObjectUtils.parse(new Base64URL(token.substring(payload, end)).decodeToString())
              .get("exp");
      return exp instanceof Number number && number.longValue() > now
          ? number.longValue()
          : Long.MAX_VALUE;
    } catch (ParseException _) {
      return Long.MAX_VALUE;
    }
  }
}
