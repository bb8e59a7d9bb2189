package com.authgear.authrequest.http;

import com.authgear.authrequest.bearer.Challenge;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.policy.Decision;
import com.authgear.authrequest.policy.Decision.Allow;
import com.authgear.authrequest.policy.Decision.Forbidden;
import com.authgear.authrequest.policy.Decision.Subject;
import com.authgear.authrequest.policy.Decision.Unauthenticated;
import com.authgear.authrequest.policy.Decision.Unavailable;
import com.authgear.authrequest.policy.Policy;
import com.authgear.authrequest.policy.Requirement;
import com.authgear.authrequest.policy.RequirementParser;
import com.authgear.authrequest.policy.RequirementParser.Mistake;
import com.authgear.authrequest.policy.RequirementParser.Valid;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Source;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verifier;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code /auth}. Stands in front of Javalin's own handler in the same server, runs on the
 * thread that read the request, and hands over to a virtual thread only where a network answer is
 * needed. Reads no request body and sends no answer body. Every way out that is not an explicit
 * {@link Allow} denies.
 */
public final class AuthHandler extends Handler.Wrapper {

  /** Hears of every decision. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param reason null if the request may pass
     * @param nanos from the arrival of the request to the decision
     */
    void decided(@Nullable Reason reason, Source source, long nanos);
  }

  /** Hears of every requirement that is not understood. */
  @FunctionalInterface
  public interface MistakeListener {
    /**
     * @param message what is wrong; quotes the requirement
     */
    void mistaken(String message);
  }

  private static final Logger LOG = LoggerFactory.getLogger(AuthHandler.class);
  static final int MAX_WAITING = 1024;
  private static final HttpField NO_STORE = new HttpField(HttpHeader.CACHE_CONTROL, "no-store");
  private static final HttpField EMPTY = new HttpField(HttpHeader.CONTENT_LENGTH, "0");

  private final CredentialExtractor credentials;
  private final Verifier verifier;
  private final Policy policy;
  private final InstantSource clock;
  private final Listener listener;
  private final MistakeListener mistakes;
  private final ExecutorService waiting = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore places = new Semaphore(MAX_WAITING);
  private volatile boolean draining;

  public AuthHandler(
      CredentialExtractor credentials,
      Verifier verifier,
      Policy policy,
      InstantSource clock,
      Listener listener,
      MistakeListener mistakes) {
    this.credentials = credentials;
    this.verifier = verifier;
    this.policy = policy;
    this.clock = clock;
    this.listener = listener;
    this.mistakes = mistakes;
  }

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.NON_BLOCKING;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    String path = request.getHttpURI().getPath();
    if (path != null && path.equals("/auth")) {
      answer(new Exchange(request, response, callback, System.nanoTime()));
      return true;
    }
    if (path != null && (path.startsWith("/auth/") || path.startsWith("/ext-authz/"))) {
      respond(
          new Exchange(request, response, callback, System.nanoTime()),
          new Unavailable(Source.NONE, Reason.UNKNOWN_POLICY));
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

  private void answer(Exchange exchange) {
    try {
      if (draining) {
        exchange.response.getHeaders().put(HttpHeader.CONNECTION, "close");
        respond(exchange, new Unavailable(Source.NONE, Reason.DRAINING));
        return;
      }
      Requirement requirement = requirement(exchange);
      if (requirement == null) {
        respond(exchange, new Unavailable(Source.NONE, Reason.BAD_REQUIREMENT));
        return;
      }
      Credential credential = credential(exchange);
      Verification verification = verifier.verifyNow(credential);
      if (verification == null) {
        handOver(exchange, credential, requirement);
      } else {
        respond(exchange, policy.decide(verification, requirement, now()));
      }
    } catch (RuntimeException | Error bug) {
      fail(exchange, bug);
    }
  }

  private @Nullable Requirement requirement(Exchange exchange) {
    return switch (RequirementParser.parse(exchange.request.getHttpURI().getQuery())) {
      case Valid valid -> valid.requirement();
      case Mistake mistake -> {
        mistakes.mistaken(mistake.message());
        yield null;
      }
    };
  }

  private Credential credential(Exchange exchange) {
    HttpFields headers = exchange.request.getHeaders();
    return credentials.extract(
        values(headers, HttpHeader.AUTHORIZATION), values(headers, HttpHeader.COOKIE));
  }

  private static List<String> values(HttpFields headers, HttpHeader name) {
    return headers.getFields(name).stream().map(HttpField::getValue).toList();
  }

  private void handOver(Exchange exchange, Credential credential, Requirement requirement) {
    if (!places.tryAcquire()) {
      respond(exchange, new Unavailable(Source.NONE, Reason.OVERLOADED));
      return;
    }
    try {
      waiting.execute(
          () -> {
            try {
              Verification verification = verifier.verify(credential, caller(exchange.request));
              respond(exchange, policy.decide(verification, requirement, now()));
            } catch (RuntimeException | Error bug) {
              fail(exchange, bug);
            } finally {
              places.release();
            }
          });
    } catch (RejectedExecutionException _) {
      places.release();
      respond(exchange, new Unavailable(Source.NONE, Reason.DRAINING));
    }
  }

  private static Caller caller(Request request) {
    HttpFields headers = request.getHeaders();
    return new Caller(
        headers.get("X-Forwarded-For"),
        headers.get("X-Real-IP"),
        headers.get(HttpHeader.USER_AGENT));
  }

  private long now() {
    return clock.instant().getEpochSecond();
  }

  private void fail(Exchange exchange, Throwable bug) {
    LOG.atError().setCause(bug).log("denied by a bug");
    respond(exchange, new Unavailable(Source.NONE, Reason.INTERNAL_ERROR));
  }

  private void respond(Exchange exchange, Decision decision) {
    if (exchange.response.isCommitted()) {
      return;
    }
    HttpFields.Mutable headers = exchange.response.getHeaders();
    headers.put(NO_STORE);
    headers.put(EMPTY);
    switch (decision) {
      case Allow allow -> {
        identity(headers, allow.subject());
        setCookies(headers, allow.setCookie());
        finish(exchange, 200, null, allow.source());
      }
      case Unauthenticated refused -> {
        challenge(headers, refused.challenge());
        setCookies(headers, refused.setCookie());
        finish(exchange, 401, refused.reason(), refused.source());
      }
      case Forbidden refused -> {
        challenge(headers, refused.challenge());
        finish(exchange, 403, refused.reason(), refused.source());
      }
      case Unavailable unavailable ->
          finish(exchange, 503, unavailable.reason(), unavailable.source());
    }
  }

  private void finish(Exchange exchange, int status, @Nullable Reason reason, Source source) {
    if (reason != null) {
      exchange.response.getHeaders().put("x-auth-reason", reason.code());
    }
    exchange.response.setStatus(status);
    listener.decided(reason, source, System.nanoTime() - exchange.arrived);
    // Not callback.succeeded() alone: where another thread than the one that read the request
    // answers, Jetty may then end the exchange twice, the second time on the next request's state.
    exchange.response.write(true, BufferUtil.EMPTY_BUFFER, exchange.callback);
  }

  private static void identity(HttpFields.Mutable headers, Subject subject) {
    for (IdentityHeader header : IdentityHeader.values()) {
      String value =
          switch (subject) {
            case Subject.Known known -> header.of(known.principal());
            case Subject.Nobody _ -> "";
            case Subject.Unproven _ -> header == IdentityHeader.SESSION_VALID ? "false" : "";
          };
      headers.put(new HttpField(header.headerName(), value));
    }
  }

  private static void challenge(HttpFields.Mutable headers, Challenge challenge) {
    headers.put(HttpHeader.WWW_AUTHENTICATE, challenge.toHeader());
  }

  private static void setCookies(HttpFields.Mutable headers, List<String> values) {
    for (String value : values) {
      headers.add(HttpHeader.SET_COOKIE, value);
    }
  }

  /** From now on every request is denied. */
  public void startDraining() {
    draining = true;
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

  private record Exchange(Request request, Response response, Callback callback, long arrived) {}
}
