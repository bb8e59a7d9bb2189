package com.authgear.authrequest.sandbox;

/** What an Authgear project answers to the service; each is counted and can be made to fail. */
public enum Endpoint {
  /** {@code /.well-known/openid-configuration}. */
  DISCOVERY,
  /** {@code /oauth2/jwks}. */
  KEYS,
  /** {@code /_resolver/resolve} and {@code /resolve}. */
  RESOLVER
}
