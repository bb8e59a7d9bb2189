package com.authgear.authrequest.sandbox.oauth;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.regex.Pattern;

/** RFC 7636 with S256, the only transformation that Authgear takes. */
public final class CodeChallenge {

  private static final Pattern VERIFIER = Pattern.compile("[A-Za-z0-9._~-]{43,128}");

  private CodeChallenge() {}

  /** The challenge of a verifier. */
  public static String of(String verifier) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(verifier.getBytes(US_ASCII));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Whether the verifier is well-formed (§4.1) and the challenge is its own. */
  public static boolean isMetBy(String verifier, String challenge) {
    return VERIFIER.matcher(verifier).matches() && of(verifier).equals(challenge);
  }
}
