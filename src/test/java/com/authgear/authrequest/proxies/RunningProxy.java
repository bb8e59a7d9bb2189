package com.authgear.authrequest.proxies;

/** A real proxy between the tests and the backend. */
interface RunningProxy extends AutoCloseable {

  /** The port on the loopback address. */
  int port();

  /** What it wrote, for the message of a test that fails. */
  String log();

  @Override
  void close();
}
