package com.authgear.authrequest.proxies;

import com.authgear.authrequest.support.Nginx;

/** An nginx as one of several proxies. */
record NginxProxy(Nginx nginx) implements RunningProxy {

  @Override
  public int port() {
    return nginx.port();
  }

  @Override
  public String log() {
    return nginx.errorLog();
  }

  @Override
  public void close() {
    nginx.close();
  }
}
