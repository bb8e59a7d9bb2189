package com.authgear.authrequest.http;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.io.ssl.SslHandshakeListener;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * TLS on a listener: 1.3, and 1.2 with forward secrecy and authenticated encryption. The name that
 * a client asks for (SNI) does not matter: nginx sends none unless told to.
 */
public final class Tls {

  /** Hears of the end of each handshake. */
  @FunctionalInterface
  public interface Handshakes {

    /**
     * @param failure why there is no connection; null if there is one
     * @param peer the client's address
     */
    void ended(@Nullable Throwable failure, String peer);
  }

  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  private static final String[] CIPHER_SUITES = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
  };

  private final SslContextFactory.Server contexts = new SslContextFactory.Server();
  private final Duration timeout;
  private final Handshakes handshakes;

  /**
   * @param context for the first handshakes
   * @param clientCertificates whether a client must show one that the context trusts
   * @param timeout how long a handshake may take
   */
  public Tls(
      SSLContext context, boolean clientCertificates, Duration timeout, Handshakes handshakes) {
    this.timeout = timeout;
    this.handshakes = handshakes;
    contexts.setSslContext(context);
    contexts.setNeedClientAuth(clientCertificates);
    contexts.setIncludeProtocols(PROTOCOLS);
    contexts.setExcludeProtocols();
    contexts.setIncludeCipherSuites(CIPHER_SUITES);
    contexts.setExcludeCipherSuites();
    contexts.setRenegotiationAllowed(false);
    contexts.setSniRequired(false);
  }

  /** From now on handshakes use another context. Connections that are there go on. */
  public void replace(SSLContext context) {
    try {
      contexts.reload(factory -> factory.setSslContext(context));
    } catch (Exception e) {
      throw new IllegalStateException("a context that cannot be used", e);
    }
  }

  /** What a connector needs to speak HTTP in TLS. */
  ConnectionFactory[] around(HttpConnectionFactory http) {
    return new ConnectionFactory[] {new BoundedHandshakes(), http};
  }

  /** Ends the connections of clients whose handshake does not come to an end. */
  private final class BoundedHandshakes extends SslConnectionFactory {

    BoundedHandshakes() {
      super(contexts, HttpVersion.HTTP_1_1.asString());
      // It would insist on a host name in the certificate.
      setEnsureSecureRequestCustomizer(false);
    }

    @Override
    protected SslConnection newSslConnection(
        Connector connector, EndPoint endPoint, SSLEngine engine) {
      SslConnection connection = super.newSslConnection(connector, endPoint, engine);
      AtomicBoolean ended = new AtomicBoolean();
      String peer = String.valueOf(endPoint.getRemoteSocketAddress());
      Scheduler.Task deadline =
          connector
              .getScheduler()
              .schedule(
                  () -> {
                    if (ended.compareAndSet(false, true)) {
                      handshakes.ended(new TimeoutException("too slow"), peer);
                      endPoint.close();
                    }
                  },
                  timeout.toMillis(),
                  TimeUnit.MILLISECONDS);
      connection.addHandshakeListener(
          new SslHandshakeListener() {
            @Override
            public void handshakeSucceeded(Event event) {
              deadline.cancel();
              if (ended.compareAndSet(false, true)) {
                handshakes.ended(null, peer);
              }
            }

            @Override
            public void handshakeFailed(Event event, Throwable failure) {
              deadline.cancel();
              if (ended.compareAndSet(false, true)) {
                handshakes.ended(failure, peer);
              }
            }
          });
      return connection;
    }
  }
}
