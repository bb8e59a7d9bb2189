package com.authgear.authrequest.check;

import com.authgear.authrequest.settings.Authority;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The way to a server, step by step: its name, a connection, its certificate. By hand, because a
 * client of HTTP does all of it at once and tells only that it failed.
 */
final class ConnectionChecks {

  private static final Duration LITTLE_LEFT = Duration.ofDays(14);

  private final String prefix;
  private final URI origin;
  private final String setting;
  private final Duration timeout;
  private final X509ExtendedTrustManager trust;
  private final InstantSource clock;

  /**
   * @param prefix of the lines' names; empty for the endpoint
   * @param origin where the service connects to
   * @param setting the one that says so
   * @param timeout for each step
   * @param trust who says whether a certificate is good
   */
  ConnectionChecks(
      String prefix,
      URI origin,
      String setting,
      Duration timeout,
      X509ExtendedTrustManager trust,
      InstantSource clock) {
    this.prefix = prefix;
    this.origin = origin;
    this.setting = setting;
    this.timeout = timeout;
    this.trust = trust;
    this.clock = clock;
  }

  /** The certificate authorities that this Java trusts, as every client in this process does. */
  static X509ExtendedTrustManager platformTrust() {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509ExtendedTrustManager extended) {
          return extended;
        }
      }
      throw new IllegalStateException("this Java has no trust manager");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java's certificate authorities cannot be read", e);
    }
  }

  /** Adds a line for each step; the last one failed if the way is barred. */
  void check(List<CheckResult> lines) {
    Proxy proxy = proxy();
    if (proxy != null) {
      lines.add(
          CheckResult.notTried(
              prefix + "connection", "this Java is told to use the proxy " + proxy.address()));
      return;
    }
    List<InetAddress> addresses = lookUp(lines);
    if (addresses.isEmpty()) {
      return;
    }
    try (Socket socket = connect(addresses, lines)) {
      if (socket != null && origin.getScheme().equals("https")) {
        lines.add(secure(socket));
      }
    } catch (IOException e) {
      throw new IllegalStateException("a socket that does not close", e);
    }
  }

  private @Nullable Proxy proxy() {
    ProxySelector selector = ProxySelector.getDefault();
    return selector == null
        ? null
        : selector.select(origin).stream()
            .filter(choice -> choice.type() != Proxy.Type.DIRECT)
            .findFirst()
            .orElse(null);
  }

  private String host() {
    String host = Authority.of(origin).host();
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  private int port() {
    int port = Authority.of(origin).port();
    return port >= 0 ? port : origin.getScheme().equals("https") ? 443 : 80;
  }

  private List<InetAddress> lookUp(List<CheckResult> lines) {
    String id = prefix + "name";
    FutureTask<InetAddress[]> lookup = new FutureTask<>(() -> InetAddress.getAllByName(host()));
    Thread.ofVirtual().name("check-dns").start(lookup);
    try {
      List<InetAddress> found = List.of(lookup.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
      List<String> texts = found.stream().map(InetAddress::getHostAddress).toList();
      lines.add(
          CheckResult.ok(
              id,
              texts.equals(List.of(host()))
                  ? host() + " is an address"
                  : host() + " is " + String.join(", ", texts)));
      return found;
    } catch (ExecutionException e) {
      lines.add(
          CheckResult.failed(
              id,
              e.getCause() instanceof UnknownHostException
                  ? "no address is known for " + host()
                  : "looking up "
                      + host()
                      + " failed: "
                      + Printable.text(String.valueOf(e.getCause())),
              "check the spelling in " + setting + ", and the name server that is used here"));
    } catch (TimeoutException _) {
      lines.add(
          CheckResult.failed(
              id,
              "the name server gave no answer about " + host() + within(),
              "check the name server that is used here, and that UDP and TCP port 53 are open to"
                  + " it"));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      lines.add(CheckResult.failed(id, "interrupted", ""));
    }
    return List.of();
  }

  private String within() {
    return " within " + timeout.toMillis() + " ms";
  }

  private @Nullable Socket connect(List<InetAddress> addresses, List<CheckResult> lines)
      throws IOException {
    IOException failure = null;
    for (InetAddress address : addresses) {
      Socket socket = new Socket();
      try {
        socket.connect(new InetSocketAddress(address, port()), Math.toIntExact(timeout.toMillis()));
        lines.add(
            CheckResult.ok(
                prefix + "connection", address.getHostAddress() + " port " + port() + " answers"));
        return socket;
      } catch (IOException e) {
        socket.close();
        failure = e;
      }
    }
    String where = host() + " port " + port();
    String id = prefix + "connection";
    lines.add(
        switch (failure) {
          case SocketTimeoutException _ ->
              CheckResult.failed(
                  id,
                  where + " does not answer" + within(),
                  "look for a firewall, network policy or security group that drops this"
                      + " connection; check host and port in "
                      + setting);
          case NoRouteToHostException _ ->
              CheckResult.failed(
                  id,
                  "there is no route to " + where,
                  "check the network of this machine or pod, and the host in " + setting);
          case ConnectException _ ->
              CheckResult.failed(
                  id,
                  where + " refuses the connection",
                  "nothing listens there: check host and port in "
                      + setting
                      + ", and that Authgear runs");
          case null, default ->
              CheckResult.failed(
                  id,
                  "no connection to " + where + ": " + Printable.text(String.valueOf(failure)),
                  "check host and port in " + setting);
        });
    return null;
  }

  private CheckResult secure(Socket plain) {
    String id = prefix + "tls";
    Recording recording = new Recording(trust);
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {recording}, null);
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket(plain, host(), port(), true)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
        socket.startHandshake();
        return good(id, socket.getSession().getProtocol(), recording);
      }
    } catch (IOException e) {
      return bad(id, e, recording);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no TLS", e);
    }
  }

  private CheckResult good(String id, String protocol, Recording recording) {
    X509Certificate leaf = recording.leaf();
    Instant end = leaf == null ? Instant.MAX : leaf.getNotAfter().toInstant();
    String text = protocol + ", the certificate of " + host() + " is good until " + end;
    return Duration.between(clock.instant(), end).compareTo(LITTLE_LEFT) < 0
        ? CheckResult.warning(
            id,
            text + ", " + Printable.relative(end, clock.instant()),
            "see that it is renewed in time; without it no request can be decided")
        : CheckResult.ok(id, text);
  }

  private CheckResult bad(String id, IOException failure, Recording recording) {
    X509Certificate leaf = recording.leaf();
    if (leaf == null) {
      return withoutCertificate(id, failure);
    }
    Instant now = clock.instant();
    for (X509Certificate certificate : recording.chain) {
      Instant end = certificate.getNotAfter().toInstant();
      Instant start = certificate.getNotBefore().toInstant();
      String whose =
          certificate.equals(leaf)
              ? "the certificate of " + host()
              : "a certificate of its issuers";
      if (now.isAfter(end)) {
        return CheckResult.failed(
            id,
            whose + " expired " + Printable.relative(end, now) + ", at " + end,
            "renew it at that server; if it is good there, check this machine's clock");
      }
      if (now.isBefore(start)) {
        return CheckResult.failed(
            id,
            whose + " is not valid before " + start + ", " + Printable.relative(start, now),
            "check this machine's clock, then the certificate");
      }
    }
    if (recording.wrongName()) {
      return CheckResult.failed(
          id,
          "the certificate that "
              + host()
              + " shows is for "
              + Printable.text(String.join(", ", names(leaf))),
          "set "
              + setting
              + " to a name that the certificate has, or have a certificate made for "
              + host()
              + "; a proxy or another site may answer in its place");
    }
    if (recording.refusal != null) {
      return CheckResult.failed(
          id,
          "the certificate of "
              + host()
              + " is from \""
              + Printable.text(recording.chain.getLast().getIssuerX500Principal().getName())
              + "\", whom this Java does not trust",
          "have the server send its whole chain; if it is a private authority, give Java a"
              + " truststore with it:"
              + " JAVA_TOOL_OPTIONS=\"-Djavax.net.ssl.trustStore=/path/truststore.p12"
              + " -Djavax.net.ssl.trustStorePassword=...\"");
    }
    if (String.valueOf(failure.getMessage()).contains("trustAnchors")) {
      return CheckResult.failed(
          id,
          "this Java trusts no certificate authority at all",
          "its truststore is empty or cannot be read: check javax.net.ssl.trustStore, and give"
              + " javax.net.ssl.trustStorePassword with it");
    }
    return CheckResult.failed(
        id,
        "the TLS handshake with " + host() + " failed: " + Printable.text(failure.toString()),
        "check the TLS configuration of that server");
  }

  private CheckResult withoutCertificate(String id, IOException failure) {
    String message = String.valueOf(failure.getMessage());
    String where = host() + " port " + port();
    if (failure instanceof SocketTimeoutException) {
      return CheckResult.failed(
          id,
          where + " takes connections but does not answer the TLS handshake" + within(),
          "check that it speaks TLS on this port, and what is in between");
    }
    if (failure instanceof SSLException && message.contains("Unsupported or unrecognized")) {
      return CheckResult.failed(
          id,
          where + " does not speak TLS",
          "check the port in " + setting + ", or write http:// if it is meant to be without TLS");
    }
    return CheckResult.failed(
        id,
        where + " breaks off the TLS handshake: " + Printable.text(message),
        "check that it speaks TLS (1.2 or 1.3) on this port and has a certificate for "
            + host()
            + " (SNI), and what is in between");
  }

  private static List<String> names(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives != null) {
        alternatives.forEach(pair -> names.add(String.valueOf(pair.get(1))));
      }
    } catch (CertificateParsingException _) {
      names.clear();
    }
    return names.isEmpty() ? List.of(certificate.getSubjectX500Principal().getName()) : names;
  }

  /** Keeps what the server showed, whatever is thought of it. */
  private static final class Recording extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager judge;
    private List<X509Certificate> chain = List.of();
    private @Nullable CertificateException refusal;

    Recording(X509ExtendedTrustManager judge) {
      this.judge = judge;
    }

    @Nullable X509Certificate leaf() {
      return chain.isEmpty() ? null : chain.getFirst();
    }

    /** The path to an authority is looked at first, and its failures have a cause. */
    boolean wrongName() {
      return refusal != null
          && refusal.getCause() == null
          && Stream.of("name matching", "alternative", "names present")
              .anyMatch(String.valueOf(refusal.getMessage())::contains);
    }

    private void note(X509Certificate[] shown, Judging judging) throws CertificateException {
      chain = List.of(shown);
      try {
        judging.judge();
      } catch (CertificateException e) {
        refusal = e;
        throw e;
      }
    }

    private interface Judging {
      void judge() throws CertificateException;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String type, Socket socket)
        throws CertificateException {
      note(shown, () -> judge.checkServerTrusted(shown, type, socket));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String type, SSLEngine engine)
        throws CertificateException {
      note(shown, () -> judge.checkServerTrusted(shown, type, engine));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String type)
        throws CertificateException {
      note(shown, () -> judge.checkServerTrusted(shown, type));
    }

    @Override
    public void checkClientTrusted(X509Certificate[] shown, String type, Socket socket)
        throws CertificateException {
      throw new CertificateException("this is no server");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] shown, String type, SSLEngine engine)
        throws CertificateException {
      throw new CertificateException("this is no server");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] shown, String type)
        throws CertificateException {
      throw new CertificateException("this is no server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return judge.getAcceptedIssuers();
    }
  }
}
