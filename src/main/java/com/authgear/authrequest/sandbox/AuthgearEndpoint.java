package com.authgear.authrequest.sandbox;

/** What an Authgear project answers to the service; each is counted and can be made to fail. */
public enum AuthgearEndpoint {
  /** {@code /.well-known/openid-configuration} and {@code oauth-authorization-server}. */
  DISCOVERY,
  /** {@code /oauth2/jwks}. */
  KEYS,
  /** {@code /resolve} and {@code /_resolver/resolve}, on a listener of its own. */
  RESOLVER
}
