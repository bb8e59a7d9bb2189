package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;
import org.jspecify.annotations.Nullable;

/**
 * One check of a token, for those who explain a decision.
 *
 * @param name of the header parameter or claim; else {@link #PARTS}, {@link #ENCODING}, {@link
 *     #HEADER}, {@link #SIGNATURE} or {@link #PAYLOAD}
 * @param reason why the token is refused; null if it passed
 * @param value of the parameter or claim, as its JSON says; null if it is not there. Never a part
 *     of the signature.
 */
public record TokenCheck(String name, @Nullable Reason reason, @Nullable Object value) {
  /** Three parts with dots between. */
  public static final String PARTS = "parts";

  /** Each part is base64url. */
  public static final String ENCODING = "encoding";

  /** The first part is a JSON object. */
  public static final String HEADER = "header";

  /** The third part is the project's signature; not there where a check before it failed. */
  public static final String SIGNATURE = "signature";

  /** The second part is a JSON object. */
  public static final String PAYLOAD = "payload";
}
