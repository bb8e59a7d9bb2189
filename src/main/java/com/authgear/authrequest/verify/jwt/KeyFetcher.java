package com.authgear.authrequest.verify.jwt;

/** Gets the current key set from wherever it is published. */
@FunctionalInterface
interface KeyFetcher {
  /** Fetches the keys, in bounded time. */
  KeySet fetch() throws KeyFetchException;
}
