package com.authgear.authrequest.verify.resolver;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.Source;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.SessionResolver;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks Authgear's resolver. Its status is no verdict: {@code x-authgear-session-valid} is {@code
 * true}, {@code false} or absent (not authenticated); whatever is none of these answers is
 * unavailable, never a verdict.
 */
public final class Resolver implements SessionResolver {

  /** Hears of every call. */
  @FunctionalInterface
  public interface Listener {
    void called(ResolverResult result, long nanos);
  }

  private static final Logger LOG = LoggerFactory.getLogger(Resolver.class);

  private final OkHttpClient client;
  private final HttpUrl url;
  private final HttpUrl publicOrigin;
  private final List<String> audiences;
  private final Semaphore calls;
  private final Listener listener;

  /**
   * @param url where the resolver answers
   * @param publicOrigin whose name the calls carry
   * @param timeout of a whole call
   * @param maxCalls most calls in flight; a further one is refused at once
   * @param audiences whom a session of the project is meant for
   */
  public Resolver(
      URI url,
      URI publicOrigin,
      Duration timeout,
      int maxCalls,
      List<String> audiences,
      Listener listener) {
    this.url = HttpUrl.get(url.toString());
    this.publicOrigin = HttpUrl.get(publicOrigin.toString());
    this.audiences = List.copyOf(audiences);
    this.calls = new Semaphore(maxCalls);
    this.listener = listener;
    this.client =
        new OkHttpClient.Builder()
            .followRedirects(false)
            .followSslRedirects(false)
            .retryOnConnectionFailure(false)
            .callTimeout(timeout)
            .connectTimeout(timeout)
            .readTimeout(timeout)
            .connectionPool(new ConnectionPool(maxCalls, 30, TimeUnit.SECONDS))
            .build();
  }

  private record Answer(ResolverResult result, Verification verification) {}

  @Override
  public Verification resolve(
      @Nullable String bearerToken, @Nullable String cookies, Caller caller) {
    long start = System.nanoTime();
    Answer answer;
    if (calls.tryAcquire()) {
      try {
        answer = call(bearerToken, cookies, caller);
      } finally {
        calls.release();
      }
    } else {
      answer = unavailable(ResolverResult.OVERLOADED, Reason.OVERLOADED);
    }
    listener.called(answer.result, System.nanoTime() - start);
    return answer.verification;
  }

  private Answer call(@Nullable String bearerToken, @Nullable String cookies, Caller caller) {
    String host = authority(publicOrigin);
    Request.Builder request =
        new Request.Builder()
            .url(url)
            .header("Host", host)
            .header("X-Forwarded-Host", host)
            .header("X-Forwarded-Proto", publicOrigin.scheme())
            .header("Accept-Encoding", "identity");
    add(request, "X-Forwarded-For", caller.forwardedFor());
    add(request, "X-Real-IP", caller.realIp());
    request.header("User-Agent", "authgear-auth-request");
    add(request, "User-Agent", caller.userAgent());
    if (bearerToken != null) {
      request.header("Authorization", "Bearer " + bearerToken);
    }
    if (cookies != null) {
      request.header("Cookie", cookies);
    }
    try (Response response = client.newCall(request.build()).execute()) {
      return read(response);
    } catch (IOException e) {
      // Not the message: it may quote what was sent.
      LOG.warn("no answer from the resolver at {}: {}", url, e.getClass().getSimpleName());
      return unavailable(ResolverResult.UNAVAILABLE, Reason.RESOLVER_UNAVAILABLE);
    }
  }

  /** What the client says of itself is passed on only if it is plain ASCII. */
  private static void add(Request.Builder request, String name, @Nullable String value) {
    if (value != null && value.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
      request.header(name, value);
    }
  }

  private Answer read(Response response) {
    int status = response.code();
    if (response.isRedirect()) {
      LOG.warn(
          "the resolver at {} redirects: AUTHGEAR_ENDPOINT must be the project's public origin",
          url);
      return unavailable(ResolverResult.ORIGIN_MISMATCH, Reason.RESOLVER_ORIGIN_MISMATCH);
    }
    if (status == 404) {
      LOG.warn(
          "the resolver at {} knows no project at {}: check AUTHGEAR_ENDPOINT and"
              + " AUTHGEAR_RESOLVER_URL",
          url,
          publicOrigin);
      return unavailable(ResolverResult.UNKNOWN_PROJECT, Reason.RESOLVER_UNKNOWN_PROJECT);
    }
    if (status >= 500) {
      LOG.warn("the resolver at {} answered {}", url, status);
      return unavailable(ResolverResult.ERROR, Reason.RESOLVER_ERROR);
    }
    if (status != 200) {
      return badAnswer("status " + status);
    }
    for (IdentityHeader header : IdentityHeader.values()) {
      if (response.headers(header.headerName()).size() > 1) {
        return badAnswer(header.headerName() + " several times");
      }
    }
    List<String> setCookie = response.headers("Set-Cookie");
    String valid = response.header(IdentityHeader.SESSION_VALID.headerName());
    if (valid == null) {
      String type = response.header("Content-Type");
      return type != null && type.contains("html")
          ? badAnswer("a web page: is AUTHGEAR_RESOLVER_URL a resolver?")
          : invalid(setCookie);
    }
    return switch (valid) {
      case "true" -> verified(response, setCookie);
      case "false" -> invalid(setCookie);
      default ->
          badAnswer(IdentityHeader.SESSION_VALID.headerName() + " is neither true nor false");
    };
  }

  private Answer verified(Response response, List<String> setCookie) {
    try {
      String userId = text(response, IdentityHeader.USER_ID);
      if (userId.isEmpty()) {
        return badAnswer("a valid session without a user id");
      }
      String time = text(response, IdentityHeader.SESSION_AUTHENTICATED_AT);
      Principal principal =
          new Principal(
              Kind.USER,
              userId,
              flag(response, IdentityHeader.USER_ANONYMOUS),
              flag(response, IdentityHeader.USER_VERIFIED),
              flag(response, IdentityHeader.USER_CAN_REAUTHENTICATE),
              split(text(response, IdentityHeader.USER_ROLES), ","),
              split(text(response, IdentityHeader.SESSION_AMR), " "),
              time.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(time)),
              "",
              List.of(),
              audiences,
              Map.of());
      return new Answer(
          ResolverResult.VALID,
          new Verified(Source.RESOLVER, principal, Long.MAX_VALUE, setCookie));
    } catch (IllegalArgumentException _) {
      return badAnswer("an identity header that makes no sense");
    }
  }

  private static String text(Response response, IdentityHeader header) {
    String value = response.header(header.headerName(), "");
    boolean spaces = header == IdentityHeader.SESSION_AMR;
    if (value == null
        || !value.chars().allMatch(c -> (c > ' ' && c < 0x7f) || (spaces && c == ' '))) {
      throw new IllegalArgumentException(header.headerName());
    }
    return value;
  }

  private static @Nullable Boolean flag(Response response, IdentityHeader header) {
    return switch (text(response, header)) {
      case "true" -> true;
      case "false" -> false;
      case "" -> null;
      default -> throw new IllegalArgumentException(header.headerName());
    };
  }

  private static List<String> split(String text, String separator) {
    return text.isEmpty() ? List.of() : List.of(text.split(separator, -1));
  }

  private static Answer invalid(List<String> setCookie) {
    return new Answer(
        ResolverResult.INVALID, new Rejected(Source.RESOLVER, Reason.SESSION_INVALID, setCookie));
  }

  private Answer badAnswer(String what) {
    LOG.warn("the resolver at {} does not answer as one: {}", url, what);
    return unavailable(ResolverResult.BAD_ANSWER, Reason.RESOLVER_BAD_ANSWER);
  }

  private static Answer unavailable(ResolverResult result, Reason reason) {
    return new Answer(result, new Unavailable(Source.RESOLVER, reason));
  }

  private static String authority(HttpUrl url) {
    String host = url.host().contains(":") ? "[" + url.host() + "]" : url.host();
    return url.port() == HttpUrl.defaultPort(url.scheme()) ? host : host + ":" + url.port();
  }
}
