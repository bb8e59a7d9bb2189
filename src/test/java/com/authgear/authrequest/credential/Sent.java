package com.authgear.authrequest.credential;

import java.util.List;

/** What a request presents, as it is found in its headers. */
public final class Sent {

  private static final CredentialExtractor EXTRACTOR =
      new CredentialExtractor("", TokenCarriers.NONE);

  private Sent() {}

  public static Credential bearer(String token) {
    return of(List.of("Bearer " + token), List.of());
  }

  public static Credential bearer(String token, String cookies) {
    return of(List.of("Bearer " + token), List.of(cookies));
  }

  public static Credential cookies(String header) {
    return of(List.of(), List.of(header));
  }

  private static Credential of(List<String> authorization, List<String> cookie) {
    return EXTRACTOR.extract(
        name ->
            switch (name) {
              case "Authorization" -> authorization;
              case "Cookie" -> cookie;
              default -> List.of();
            });
  }
}
