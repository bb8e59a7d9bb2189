package com.authgear.authrequest.settings;

/** Who verifies credentials. */
public enum Mode {
  /** A JWT is verified locally; opaque tokens and cookies go to the resolver. */
  AUTO,
  /** Only JWTs, only locally. */
  JWT,
  /** Everything goes to the resolver. */
  RESOLVER
}
