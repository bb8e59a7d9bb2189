package com.authgear.authrequest.verify.resolver;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import okhttp3.Dns;

/**
 * Bounds the wait for an address. The platform's lookup knows no timeout and cannot be cancelled,
 * so a name server that hangs would hold a call long past its own timeout.
 */
record BoundedDns(Dns dns, Duration timeout) implements Dns {

  @Override
  public List<InetAddress> lookup(String hostname) throws UnknownHostException {
    FutureTask<List<InetAddress>> lookup = new FutureTask<>(() -> dns.lookup(hostname));
    Thread.ofVirtual().name("resolver-dns").start(lookup);
    try {
      return lookup.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(hostname, e);
    } catch (ExecutionException | TimeoutException e) {
      throw failure(hostname, e);
    }
  }

  private static UnknownHostException failure(String hostname, Exception cause) {
    UnknownHostException failure = new UnknownHostException(hostname);
    failure.initCause(cause);
    return failure;
  }
}
