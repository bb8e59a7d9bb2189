package com.authgear.authrequest.verify.resolver;

import com.authgear.authrequest.trace.CallSpan;
import com.authgear.authrequest.trace.TraceContext;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.LoggedUrl;
import com.authgear.authrequest.verify.Verification;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.Proxy;
import java.net.SocketException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLException;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks Authgear's resolver ({@code GET /_resolver/resolve}) about credentials. One question is one
 * call: no redirect, no cache, and a second try only where a connection that had been used before
 * turns out to be gone before any answer. Blocks the calling thread for at most the timeout. A
 * resolver that fails nearly always is left alone for a while.
 *
 * <p>Every failure is an {@link Verification.Unavailable}, logged as a warning that tells an
 * operator what to fix; no token, cookie or foreign text gets into it.
 */
public final class Resolver implements AutoCloseable {

  /** Less than what servers and load balancers grant an idle connection (60 s and more). */
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(20);

  /** Authgear tries a session's lock again every 50 to 250 ms. */
  private static final Duration LOCK_PAUSE = Duration.ofMillis(150);

  private static final String IDENTITY = "identity";

  private final HttpUrl url;
  private final Request template;
  private final Duration timeout;
  private final int maxCalls;
  private final Semaphore slots;

  /** For credentials that nobody has checked. */
  private final Semaphore strangers;

  private final Semaphore retries;
  private final SessionCalls sessions;
  private final ResolverAnswer busy;
  private final ResolverAnswer overloaded;
  private final ResolverAnswer shut;
  private final Breaker breaker;
  private final AnswerReader answers;
  private final ResolverListener listener;
  private final Tracing tracing;
  private final LongSupplier nanoTime;
  private final WarningLog warnings;

  /** Made while the rest starts: to load what TLS trusts takes a while. */
  private final CompletableFuture<OkHttpClient> client;

  /**
   * @param resolverUrl where to connect; http or https
   * @param publicOrigin the project's origin, told in {@code Host} and {@code X-Forwarded-*}
   * @param timeout for a whole call: name lookup, connecting and answer
   * @param maxCalls how many calls may be in flight; further ones are refused, not queued
   * @param tracing makes a span of each call, or passes on to which trace it belongs
   */
  public Resolver(
      URI resolverUrl,
      URI publicOrigin,
      Duration timeout,
      int maxCalls,
      ResolverListener listener,
      Tracing tracing) {
    this(
        resolverUrl,
        publicOrigin,
        timeout,
        maxCalls,
        listener,
        tracing,
        System::nanoTime,
        LoggerFactory.getLogger(Resolver.class),
        Dns.SYSTEM);
  }

  Resolver(
      URI resolverUrl,
      URI publicOrigin,
      Duration timeout,
      int maxCalls,
      ResolverListener listener,
      Tracing tracing,
      LongSupplier nanoTime,
      Logger logger,
      Dns dns) {
    HttpUrl origin = HttpUrl.get(publicOrigin.toString());
    this.url = HttpUrl.get(resolverUrl.toString()).newBuilder().username("").password("").build();
    this.template =
        new Request.Builder()
            .url(url)
            .header("Host", LoggedUrl.authority(origin))
            .header("X-Forwarded-Host", LoggedUrl.authority(origin))
            .header("X-Forwarded-Proto", origin.scheme())
            .header("Accept-Encoding", IDENTITY)
            .build();
    this.timeout = timeout;
    this.maxCalls = maxCalls;
    this.slots = new Semaphore(maxCalls);
    this.strangers = new Semaphore(Math.max(1, maxCalls / 2));
    this.retries = new Semaphore(Math.max(1, maxCalls / 8));
    this.sessions = new SessionCalls(nanoTime);
    this.busy =
        ResolverAnswer.unavailable(
            ResolverResult.OVERLOADED,
            SessionCalls.MOST_CALLS
                + " resolver calls about one session are in flight already: Authgear works on one"
                + " session at a time");
    this.overloaded =
        ResolverAnswer.unavailable(
            ResolverResult.OVERLOADED,
            maxCalls
                + " resolver calls are in flight already: "
                + LoggedUrl.withPath(url)
                + " is too slow for this load; give Authgear more room or add replicas");
    this.shut =
        ResolverAnswer.unavailable(
            ResolverResult.BREAKER_OPEN,
            LoggedUrl.withPath(url)
                + " failed nearly always and is asked again after a pause; the warnings before this"
                + " one say why");
    this.breaker = new Breaker(nanoTime);
    this.answers = new AnswerReader(LoggedUrl.withPath(url), LoggedUrl.origin(origin));
    this.listener = listener;
    this.tracing = tracing;
    this.nanoTime = nanoTime;
    this.warnings = new WarningLog(logger, nanoTime);
    this.client = CompletableFuture.supplyAsync(() -> makeClient(timeout, maxCalls, dns));
  }

  private static OkHttpClient makeClient(Duration timeout, int maxCalls, Dns dns) {
    return new OkHttpClient.Builder()
        .protocols(List.of(Protocol.HTTP_1_1))
        .followRedirects(false)
        .followSslRedirects(false)
        .retryOnConnectionFailure(false)
        .callTimeout(timeout)
        .connectTimeout(timeout)
        .readTimeout(timeout)
        .writeTimeout(timeout)
        .connectionPool(new ConnectionPool(maxCalls, KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS))
        .dns(new BoundedDns(dns, timeout))
        .addNetworkInterceptor(Resolver::withoutOwnWays)
        .eventListenerFactory(Resolver::listenerOf)
        .build();
  }

  /** Waits until calls can be made; throws if they cannot. */
  public void awaitClient() throws IOException {
    var _ = client();
  }

  private OkHttpClient client() throws IOException {
    try {
      return client.join();
    } catch (CompletionException e) {
      throw new UnusableTlsException(
          "TLS cannot be set up: " + e.getMessage() + "; check javax.net.ssl.trustStore");
    }
  }

  /** There can be no call at all. */
  private static final class UnusableTlsException extends IOException {
    private static final long serialVersionUID = 1L;

    private UnusableTlsException(String message) {
      super(message);
    }
  }

  /**
   * Asks about credentials that nobody has checked: with no more than half of all calls, unless
   * they were valid a moment ago. Whoever makes credentials up must not keep those waiting who are
   * known.
   */
  public ResolverAnswer askUnchecked(SentCredential presented, Caller caller) {
    return ask(presented, caller, sessions.wereValid(presented));
  }

  /** Asks. An answer of any kind is a value; only a bug throws. */
  public ResolverAnswer ask(SentCredential presented, Caller caller) {
    return ask(presented, caller, true);
  }

  private ResolverAnswer ask(SentCredential presented, Caller caller, boolean known) {
    Set<Digest> meant = SessionCalls.of(presented);
    if (!sessions.enter(meant)) {
      return told(busy, nanoTime.getAsLong());
    }
    try {
      if (known) {
        return asked(presented, meant, caller);
      }
      if (!strangers.tryAcquire()) {
        return told(overloaded, nanoTime.getAsLong());
      }
      try {
        return asked(presented, meant, caller);
      } finally {
        strangers.release();
      }
    } finally {
      sessions.leave(meant);
    }
  }

  /** Once more where Authgear may have given up waiting for the session's lock. */
  private ResolverAnswer asked(SentCredential presented, Set<Digest> meant, Caller caller) {
    ResolverAnswer outcome = askedOnce(presented, meant, caller);
    if (outcome.result() != ResolverResult.ERROR || meant.isEmpty() || !retries.tryAcquire()) {
      return outcome;
    }
    try {
      TimeUnit.MILLISECONDS.sleep(LOCK_PAUSE.toMillis());
      return askedOnce(presented, meant, caller);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return outcome;
    } finally {
      retries.release();
    }
  }

  private ResolverAnswer askedOnce(SentCredential presented, Set<Digest> meant, Caller caller) {
    long start = nanoTime.getAsLong();
    ResolverAnswer outcome = guarded(presented, meant, caller, start);
    sessions.answered(presented, outcome.result());
    return told(outcome, start);
  }

  private ResolverAnswer told(ResolverAnswer outcome, long start) {
    listener.called(outcome, nanoTime.getAsLong() - start);
    if (!outcome.advice().isEmpty()) {
      warnings.warn(outcome);
    }
    return outcome;
  }

  private ResolverAnswer guarded(
      SentCredential presented, Set<Digest> meant, Caller caller, long start) {
    if (!breaker.mayCall()) {
      return shut;
    }
    boolean ended = false;
    try {
      ResolverAnswer outcome = bounded(presented, caller);
      if (isOfOneSession(outcome.result(), meant)) {
        return outcome;
      }
      breaker.ended(outcome.result(), nanoTime.getAsLong() - start);
      ended = true;
      return outcome;
    } finally {
      if (!ended) {
        breaker.notMade();
      }
    }
  }

  /** A 500 about a session that had one already says nothing about the resolver. */
  private boolean isOfOneSession(ResolverResult result, Set<Digest> meant) {
    return result == ResolverResult.ERROR && !meant.isEmpty() && !sessions.failFirst(meant);
  }

  private ResolverAnswer bounded(SentCredential presented, Caller caller) {
    if (!slots.tryAcquire()) {
      return overloaded;
    }
    try {
      return traced(presented, caller);
    } finally {
      slots.release();
    }
  }

  private ResolverAnswer traced(SentCredential presented, Caller caller) {
    CallSpan span = tracing.resolverCall(caller.trace(), url.host(), url.port());
    String result = "bug";
    boolean failed = true;
    try {
      ResolverAnswer outcome = call(presented, caller, span.context());
      result = outcome.result().code();
      failed = outcome.verification() instanceof Verification.Unavailable;
      return outcome;
    } finally {
      span.end(result, failed);
    }
  }

  private ResolverAnswer call(
      SentCredential presented, Caller caller, @Nullable TraceContext trace) {
    Request request = request(presented, caller, trace);
    long deadline = System.nanoTime() + timeout.toNanos();
    Connecting first = new Connecting();
    try {
      return once(request.newBuilder().tag(Connecting.class, first).build(), timeout.toNanos());
    } catch (IOException e) {
      long left = deadline - System.nanoTime();
      if (first.connected || first.answered || left <= 0 || !wasGone(e)) {
        return failure(e);
      }
    }
    // The other side had closed its idle connections, so most likely all of them.
    try {
      client().connectionPool().evictAll();
      return once(request, Math.max(1, deadline - System.nanoTime()));
    } catch (IOException e) {
      return failure(e);
    }
  }

  private ResolverAnswer once(Request request, long nanos) throws IOException {
    Call call = client().newCall(request);
    call.timeout().timeout(nanos, TimeUnit.NANOSECONDS);
    try (Response response = call.execute()) {
      return answers.read(response);
    }
  }

  /** Notes whether a call needed a new connection, and whether an answer began. */
  private static final class Connecting extends EventListener {
    private volatile boolean connected;
    private volatile boolean answered;

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      connected = true;
    }

    @Override
    public void responseHeadersEnd(Call call, Response response) {
      answered = true;
    }
  }

  private static EventListener listenerOf(Call call) {
    Connecting connecting = call.request().tag(Connecting.class);
    return connecting == null ? EventListener.NONE : connecting;
  }

  /** Whether a connection ended before the first byte of an answer came. */
  private static boolean wasGone(IOException failure) {
    return switch (failure) {
      case ConnectException _, NoRouteToHostException _ -> false;
      case SocketException _ -> true;
      default ->
          failure.getCause() instanceof EOFException end
              && String.valueOf(end.getMessage()).contains("limit=0 ");
    };
  }

  private Request request(SentCredential presented, Caller caller, @Nullable TraceContext trace) {
    Request.Builder request = template.newBuilder();
    if (presented.bearerToken() != null) {
      request.header("Authorization", "Bearer " + presented.bearerToken());
    }
    if (presented.cookies() != null) {
      request.header("Cookie", presented.cookies());
    }
    passOn(request, "X-Forwarded-For", caller.forwardedFor());
    passOn(request, "X-Real-IP", caller.realIp());
    passOn(request, "User-Agent", caller.userAgent());
    if (trace != null) {
      request.header("traceparent", trace.traceparent());
      if (!trace.tracestate().isEmpty()) {
        request.header("tracestate", trace.tracestate());
      }
    }
    return request.build();
  }

  /** The resolver only records these: one that cannot be sent is left out. */
  private static void passOn(Request.Builder request, String name, @Nullable String value) {
    if (value != null && HeaderText.isPrintable(value)) {
      request.header(name, value);
    }
  }

  /**
   * Undoes what OkHttp does unasked: it names itself as the user agent where the client named none,
   * and repeats a call that was answered with 503 and {@code Retry-After: 0}.
   */
  private static Response withoutOwnWays(Interceptor.Chain chain) throws IOException {
    Request request = chain.request();
    Request.Builder sent = request.newBuilder().removeHeader("Accept-Encoding");
    if (chain.call().request().header("User-Agent") == null) {
      sent.removeHeader("User-Agent");
    }
    return chain.proceed(sent.build()).newBuilder().removeHeader("Retry-After").build();
  }

  /** Names the kind of failure only: OkHttp's messages quote what the server sent. */
  private ResolverAnswer failure(IOException failure) {
    String resolver = LoggedUrl.withPath(url);
    return switch (failure) {
      case UnusableTlsException e -> unavailable(String.valueOf(e.getMessage()));
      case ProtocolException _ ->
          ResolverAnswer.unavailable(
              ResolverResult.BAD_ANSWER,
              resolver
                  + " does not speak HTTP as expected: check AUTHGEAR_INTERNAL_URL and"
                  + " AUTHGEAR_RESOLVER_URL");
      case UnknownHostException _ ->
          unavailable(
              "the name "
                  + url.host()
                  + " does not resolve: check AUTHGEAR_ENDPOINT, AUTHGEAR_INTERNAL_URL,"
                  + " AUTHGEAR_RESOLVER_URL and the name service");
      case InterruptedIOException _ ->
          unavailable(
              resolver
                  + " gave no answer within "
                  + timeout.toMillis()
                  + " ms: check that Authgear is up and near, or raise AUTHGEAR_RESOLVER_TIMEOUT");
      case SSLException e ->
          unavailable(
              "no TLS connection to "
                  + resolver
                  + " ("
                  + e.getClass().getSimpleName()
                  + "): check its certificate, and that it speaks TLS on this port");
      case ConnectException _, NoRouteToHostException _ ->
          unavailable(
              "no connection to "
                  + resolver
                  + ": check AUTHGEAR_INTERNAL_URL and AUTHGEAR_RESOLVER_URL, that Authgear runs"
                  + " and that the network lets this service through");
      default ->
          unavailable(
              "the connection to "
                  + resolver
                  + " broke ("
                  + failure.getClass().getSimpleName()
                  + "): look at Authgear and at the proxies in between");
    };
  }

  private static ResolverAnswer unavailable(String advice) {
    return ResolverAnswer.unavailable(ResolverResult.UNAVAILABLE, advice);
  }

  /** Whether the resolver is called. */
  public BreakerState breakerState() {
    return breaker.state();
  }

  /** How many calls wait for their answer now. */
  public int callsInFlight() {
    return maxCalls - slots.availablePermits();
  }

  /** Breaks off what is in flight and closes the connections. */
  @Override
  public void close() {
    var _ =
        client.thenAccept(
            made -> {
              made.dispatcher().cancelAll();
              made.connectionPool().evictAll();
            });
  }
}
