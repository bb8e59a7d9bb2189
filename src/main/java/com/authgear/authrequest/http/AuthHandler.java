package com.authgear.authrequest.http;

import static java.util.Objects.requireNonNull;

import com.authgear.authrequest.bearer.Challenge;
import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.http.AuthResponder.AuthResponse;
import com.authgear.authrequest.policy.Decision;
import com.authgear.authrequest.policy.Decision.Allow;
import com.authgear.authrequest.policy.Decision.Forbidden;
import com.authgear.authrequest.policy.Decision.Unauthenticated;
import com.authgear.authrequest.policy.Decision.Undecided;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.trace.RequestSpan;
import com.authgear.authrequest.trace.TraceContext;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Pending;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.Verifier;
import com.authgear.authrequest.verify.authenticator.Authenticator;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code /auth}, {@code /auth/{policy}} and {@code /ext-authz/{policy}/**}. Stands in front
 * of Javalin's own handler in the same server, runs on the thread that read the request, and hands
 * over to a virtual thread only where a network answer is needed. Reads no request body and sends
 * no answer body. Every way out that is not an explicit {@link Allow} denies.
 */
public final class AuthHandler extends Handler.Wrapper {

  /** Hears of every decision. */
  public interface AuthListener {
    void decided(DecisionRecord decided);

    /**
     * A request may pass.
     *
     * @param bytes what the headers for the backend take
     */
    void emitted(int bytes);
  }

  /**
   * What answers say in addition to the decision.
   *
   * @param space what challenges say about where they come from
   * @param edgeCacheTtl how long a proxy's cache may repeat an allow; zero: not at all
   */
  public record ResponseOptions(ProtectionSpace space, Duration edgeCacheTtl) {}

  private static final Logger LOG = LoggerFactory.getLogger(AuthHandler.class);
  static final int MAX_WAITING = Authenticator.MAX_WAITING;
  private static final String BY_QUERY = "/auth";
  private static final String BY_NAME = "/auth/";
  static final String BY_PREFIX = "/ext-authz/";
  private static final Decision AMBIGUOUS_PATH =
      new Forbidden(VerifiedBy.NONE, Reason.AMBIGUOUS_PATH, Challenge.plain());
  private static final HttpField NO_STORE =
      new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "no-store");
  private static final String EDGE_CACHE = "X-Accel-Expires";
  private static final HttpField EMPTY = new PreEncodedHttpField(HttpHeader.CONTENT_LENGTH, "0");

  private final CredentialExtractor credentials;
  private final OriginalUri originalUri;
  private final Requirements requirements;
  private final Verifier verifier;
  private final AuthResponder responder;
  private final ProtectionSpace space;
  private final long edgeCacheSeconds;
  private final InstantSource clock;
  private final AuthListener listener;
  private final Tracing tracing;
  private final ExecutorService waiting = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore places = new Semaphore(MAX_WAITING);
  private volatile Stage stage = Stage.OPEN;

  private enum Stage {
    OPEN,
    /** Everything is decided, and each answer is the last of its connection. */
    LEAVING,
    /** Everything is denied. */
    DRAINING
  }

  public AuthHandler(
      CredentialExtractor credentials,
      OriginalUri originalUri,
      Requirements requirements,
      Verifier verifier,
      AuthResponder responder,
      ResponseOptions options,
      InstantSource clock,
      AuthListener listener,
      Tracing tracing) {
    this.credentials = credentials;
    this.originalUri = originalUri;
    this.requirements = requirements;
    this.verifier = verifier;
    this.responder = responder;
    this.space = options.space();
    // On a hit nginx would not see that the request has another token too, or another path.
    this.edgeCacheSeconds =
        credentials.looksBeyondAuthorizationAndCookie() || originalUri.header() != null
            ? 0
            : options.edgeCacheTtl().toSeconds();
    this.clock = clock;
    this.listener = listener;
    this.tracing = tracing;
  }

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.NON_BLOCKING;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    String path = request.getHttpURI().getPath();
    if (path != null
        && (path.equals(BY_QUERY) || path.startsWith(BY_NAME) || path.startsWith(BY_PREFIX))) {
      RequestSpan span = tracing.isOn() ? tracing.request(trace(request)) : null;
      answer(new Exchange(request, response, callback, System.nanoTime(), span), path);
      return true;
    }
    // Javalin's handlers may block, this thread may not.
    request
        .getContext()
        .execute(
            () -> {
              try {
                if (!super.handle(request, response, callback)) {
                  Response.writeError(request, response, callback, 404);
                }
              } catch (Exception | Error e) {
                Response.writeError(request, response, callback, e);
              }
            });
    return true;
  }

  private void answer(Exchange exchange, String path) {
    try {
      Stage now = stage;
      if (now != Stage.OPEN) {
        exchange.response.getHeaders().put(HttpHeader.CONNECTION, "close");
        if (now == Stage.DRAINING) {
          deny(exchange, Reason.DRAINING);
          return;
        }
      }
      String objection = originalUri.objection(exchange.request.getHeaders());
      if (objection != null) {
        exchange.detail = objection;
        respond(exchange, AuthResponse.of(AMBIGUOUS_PATH));
        return;
      }
      if (path.equals(BY_QUERY)) {
        if (exchange.request.getHttpURI().getFragment() != null) {
          exchange.detail = "the URL has a \"#\", which ends the requirement; write %23";
          deny(exchange, Reason.BAD_REQUIREMENT);
          return;
        }
        switch (requirements.ofQuery(exchange.request.getHttpURI().getQuery())) {
          case Rules rules -> judge(exchange, rules);
          case Mistake mistake -> {
            exchange.detail = mistake.message();
            deny(exchange, Reason.BAD_REQUIREMENT);
          }
        }
        return;
      }
      exchange.policy = policyName(path);
      Rules named = requirements.ofPolicy(exchange.policy);
      if (named == null) {
        deny(exchange, Reason.UNKNOWN_POLICY);
      } else {
        judge(exchange, named);
      }
    } catch (RuntimeException | Error bug) {
      fail(exchange, bug);
    }
  }

  /** What follows {@code /ext-authz/{policy}/} is the client's and means nothing. */
  private static String policyName(String path) {
    if (path.startsWith(BY_NAME)) {
      return path.substring(BY_NAME.length());
    }
    int end = path.indexOf('/', BY_PREFIX.length());
    return path.substring(BY_PREFIX.length(), end < 0 ? path.length() : end);
  }

  private void judge(Exchange exchange, Rules rules) {
    HttpFields headers = exchange.request.getHeaders();
    Credential credential = credentials.extract(headers::getValuesList);
    switch (verifier.verify(credential, rules, () -> caller(exchange))) {
      case Verification known -> decide(exchange, known, rules);
      case Pending later -> handOver(exchange, later, rules);
    }
  }

  private void decide(Exchange exchange, Verification verification, Rules rules) {
    exchange.verification = verification;
    respond(exchange, responder.respond(verification, rules, now()));
  }

  private void handOver(Exchange exchange, Pending later, Rules rules) {
    if (!places.tryAcquire()) {
      deny(exchange, Reason.OVERLOADED);
      return;
    }
    try {
      waiting.execute(
          () -> {
            try {
              decide(exchange, await(exchange, later), rules);
            } catch (RuntimeException | Error bug) {
              fail(exchange, bug);
            } finally {
              places.release();
            }
          });
    } catch (RejectedExecutionException _) {
      places.release();
      deny(exchange, Reason.DRAINING);
    }
  }

  private static Verification await(Exchange exchange, Pending later) {
    RequestSpan span = exchange.span;
    return span == null ? later.await() : span.during(later::await);
  }

  private static Caller caller(Exchange exchange) {
    HttpFields headers = exchange.request.getHeaders();
    return new Caller(
        headers.get("X-Forwarded-For"),
        headers.get("X-Real-IP"),
        headers.get(HttpHeader.USER_AGENT),
        exchange.span == null ? trace(exchange.request) : exchange.span.context());
  }

  /** What a request says about its trace; null if nothing, or nothing valid. */
  static @Nullable TraceContext trace(Request request) {
    HttpFields headers = request.getHeaders();
    return TraceContext.of(
        headers.getValuesList("traceparent"), headers.getValuesList("tracestate"));
  }

  private long now() {
    return clock.instant().getEpochSecond();
  }

  private void fail(Exchange exchange, Throwable bug) {
    LOG.atError().setCause(bug).log("denied by a bug");
    if (!exchange.response.isCommitted()) {
      exchange.response.reset(); // nothing of an allow that was half written
    }
    deny(exchange, Reason.INTERNAL_ERROR);
  }

  /** Without anyone having been asked about the credential. */
  private void deny(Exchange exchange, Reason reason) {
    respond(exchange, AuthResponse.of(new Undecided(VerifiedBy.NONE, reason)));
  }

  private void respond(Exchange exchange, AuthResponse answer) {
    if (exchange.response.isCommitted()) {
      return;
    }
    HttpFields.Mutable headers = exchange.response.getHeaders();
    headers.add(EMPTY);
    long repeatable = repeatableSeconds(exchange, answer.decision());
    headers.add(repeatable > 0 ? new HttpField(EDGE_CACHE, Long.toString(repeatable)) : NO_STORE);
    switch (answer.decision()) {
      case Allow allow -> {
        headers.add(requireNonNull(answer.identity()));
        listener.emitted(answer.bytes());
        setCookies(headers, allow.setCookie());
      }
      case Unauthenticated refused -> {
        challenge(headers, refused.challenge());
        setCookies(headers, refused.setCookie());
      }
      case Forbidden refused -> challenge(headers, refused.challenge());
      case Undecided _ -> {}
    }
    finish(exchange, answer.status(), answer.reason(), answer.decision().source());
  }

  /**
   * How long a proxy's cache may repeat an answer: only an allow that tells this client nothing.
   * nginx uses an answer until the second in which that ends is over, so one second less than is
   * left.
   */
  private long repeatableSeconds(Exchange exchange, Decision decision) {
    return edgeCacheSeconds > 0
            && decision instanceof Allow allow
            && allow.setCookie().isEmpty()
            && !credentials.isAmbiguous(exchange.request.getHeaders()::getValuesList)
        ? Math.min(edgeCacheSeconds, (allow.freshUntil() - clock.millis()) / 1000 - 1)
        : 0;
  }

  private void finish(Exchange exchange, int status, @Nullable Reason reason, VerifiedBy source) {
    if (reason != null) {
      exchange.response.getHeaders().put("x-auth-reason", reason.code());
    }
    exchange.response.setStatus(status);
    if (exchange.span != null) {
      exchange.endSpan(exchange.span, status, reason, source);
    }
    listener.decided(exchange.decided(reason, source));
    // Not callback.succeeded() alone: where another thread than the one that read the request
    // answers, Jetty may then end the exchange twice, the second time on the next request's state.
    exchange.response.write(true, BufferUtil.EMPTY_BUFFER, exchange.callback);
  }

  private void challenge(HttpFields.Mutable headers, Challenge challenge) {
    headers.put(HttpHeader.WWW_AUTHENTICATE, challenge.toHeader(space));
  }

  private static void setCookies(HttpFields.Mutable headers, List<String> values) {
    for (String value : values) {
      headers.add(HttpHeader.SET_COOKIE, value);
    }
  }

  /** From now on every answer ends its connection, so that clients turn elsewhere. */
  public void startLeaving() {
    stage = Stage.LEAVING;
  }

  /** From now on every request is denied. */
  public void startDraining() {
    stage = Stage.DRAINING;
  }

  /** Waits for the requests that still wait for the network; false if the time ran out first. */
  public boolean awaitIdle(Duration atMost) throws InterruptedException {
    waiting.shutdown();
    return waiting.awaitTermination(atMost.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** How many requests wait for a network answer now. */
  public int waiting() {
    return MAX_WAITING - places.availablePermits();
  }

  /** A request on its way to an answer, with what is learned meanwhile. */
  private static final class Exchange {
    private final Request request;
    private final Response response;
    private final Callback callback;
    private final long arrived;
    private final @Nullable RequestSpan span;
    private String policy = "";
    private String detail = "";
    private @Nullable Verification verification;

    Exchange(
        Request request,
        Response response,
        Callback callback,
        long arrived,
        @Nullable RequestSpan span) {
      this.request = request;
      this.response = response;
      this.callback = callback;
      this.arrived = arrived;
      this.span = span;
    }

    DecisionRecord decided(@Nullable Reason reason, VerifiedBy source) {
      String userId = verification instanceof Verified known ? known.principal().userId() : "";
      return new DecisionRecord(
          reason, source, System.nanoTime() - arrived, policy, userId, detail, request, span);
    }

    void endSpan(RequestSpan begun, int status, @Nullable Reason reason, VerifiedBy source) {
      begun.end(
          status,
          reason == null ? "allow" : lower(reason.outcome()),
          reason == null ? "none" : reason.code(),
          lower(source),
          reason == Reason.UNKNOWN_POLICY ? "" : policy);
    }

    private static String lower(Enum<?> value) {
      return value.name().toLowerCase(Locale.ROOT);
    }
  }
}
