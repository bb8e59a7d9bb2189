package com.authgear.authrequest.verify;

import okhttp3.HttpUrl;

/** The parts of a URL that a log may show: no user, password, query or fragment. */
public final class LoggedUrl {
  private LoggedUrl() {}

  /** Origin and path. */
  public static String withPath(HttpUrl url) {
    return origin(url) + url.encodedPath();
  }

  /** Scheme, host and a port that is not the scheme's own. */
  public static String origin(HttpUrl url) {
    return url.scheme() + "://" + authority(url);
  }

  /** Host, in brackets if it is an IPv6 address, and a port that is not the scheme's own. */
  public static String authority(HttpUrl url) {
    String host = url.host().indexOf(':') >= 0 ? "[" + url.host() + "]" : url.host();
    return url.port() == HttpUrl.defaultPort(url.scheme()) ? host : host + ":" + url.port();
  }
}
