package com.authgear.authrequest.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import javax.crypto.spec.SecretKeySpec;
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
 * Answers posts to one path that are signed with HMAC-SHA256; all else goes on to the next handler.
 * A body is read as it comes, on a virtual thread of its own; {@link HookBodies} says how many may
 * be waited for at once, and for how long. Nothing of it is acted on before the whole of it has
 * come and its signature is found to be good.
 *
 * @param <R> what became of a post
 */
abstract class SignedPostHandler<R> extends Handler.Wrapper {

  /** Why a post is not looked at. */
  enum Refusal {
    NOT_POST,
    /** No signature, or not the one of this body. */
    BAD_SIGNATURE,
    TOO_LARGE,
    /** The body did not come in time. */
    TIMEOUT,
    /** It came so slowly that it had to make room for another one. */
    OVERLOADED,
    /** The connection broke before the body was there. */
    ABORTED,
    /** A bug. */
    FAILED
  }

  /**
   * What a post says of its signature.
   *
   * @param text as in the header field: lower-case hex
   * @param before what is signed in front of the body
   */
  record Signature(String text, String before) {}

  private static final int SIGNATURE_LENGTH = 64;
  private static final long LOG_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Logger log = LoggerFactory.getLogger(getClass());
  private final String path;
  private final String name;
  private final List<SecretKeySpec> keys;
  private final int longest;
  private final HookBodies bodies;
  private final AtomicLong warned = new AtomicLong(System.nanoTime() - LOG_INTERVAL_NANOS);

  /**
   * @param name what a post is called in the log
   * @param secrets those that it may be signed with
   * @param longest the longest body, in bytes
   * @param next answers everything else
   */
  SignedPostHandler(
      String path,
      String name,
      List<String> secrets,
      int longest,
      HookBodies.BodyLimits limits,
      Handler next) {
    super(next);
    this.path = path;
    this.name = name;
    this.keys =
        secrets.stream()
            .map(secret -> new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"))
            .toList();
    this.longest = longest;
    this.bodies = new HookBodies(limits, System::nanoTime);
  }

  /** What the header says of the signature; null if it does not say it as it must. */
  abstract @Nullable Signature signature(HttpFields headers);

  /**
   * Reads a body, of which nothing is to be believed yet.
   *
   * @return takes in what it says, once it is found to be signed
   */
  abstract Supplier<R> read(InputStream body, Signature signature) throws IOException;

  /** What a refusal is called here. */
  abstract R refused(Refusal refusal);

  abstract int status(R result);

  /** Adds what an answer says in addition to its status. */
  abstract void describe(R result, HttpFields.Mutable headers);

  /** Tells whoever listens. */
  abstract void answered(R result);

  /** The setting that a wrong signature may come from, as part of a question. */
  abstract String isTheSecretTheSame();

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.NON_BLOCKING;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if (!path.equals(request.getHttpURI().getPath())) {
      return super.handle(request, response, callback);
    }
    HttpFields headers = request.getHeaders();
    Signature signature = signature(headers);
    if (!request.getMethod().equals("POST")) {
      response.getHeaders().put(HttpHeader.ALLOW, "POST");
      answer(response, callback, refused(Refusal.NOT_POST));
    } else if (signature == null || signature.text().length() != SIGNATURE_LENGTH) {
      warn(name + " without a signature refused", null);
      answer(response, callback, refused(Refusal.BAD_SIGNATURE));
    } else if (headers.getLongField(HttpHeader.CONTENT_LENGTH) > longest) {
      answer(response, callback, notWaitedFor(response, Refusal.TOO_LARGE));
    } else {
      Thread _ =
          Thread.ofVirtual()
              .name(name)
              .start(() -> answer(response, callback, take(request, response, signature)));
    }
    return true;
  }

  /** What is left of the body is not waited for. */
  private R notWaitedFor(Response response, Refusal refusal) {
    response.getHeaders().put(HttpHeader.CONNECTION, "close");
    return refused(refusal);
  }

  private void answer(Response response, Callback callback, R result) {
    HttpFields.Mutable headers = response.getHeaders();
    response.setStatus(status(result));
    headers.put(HttpHeader.CONTENT_LENGTH, "0");
    describe(result, headers);
    answered(result);
    // Written out for the same reason as in AuthHandler.
    response.write(true, BufferUtil.EMPTY_BUFFER, callback);
  }

  private R take(Request request, Response response, Signature signature) {
    HookBody raw = new HookBody(request, bodies);
    try (raw) {
      SignedBody body =
          new SignedBody(
              raw, keys, longest, signature.before().getBytes(StandardCharsets.US_ASCII));
      Supplier<R> then = read(body, signature);
      if (!body.isSigned(signature.text().getBytes(StandardCharsets.ISO_8859_1))) {
        warn(name + " with a wrong signature refused: " + isTheSecretTheSame(), null);
        return refused(Refusal.BAD_SIGNATURE);
      }
      return then.get();
    } catch (SignedBody.TooLarge _) {
      return notWaitedFor(response, Refusal.TOO_LARGE);
    } catch (IOException _) {
      HookResult givenUp = raw.givenUp();
      return notWaitedFor(
          response,
          givenUp == HookResult.TIMEOUT
              ? Refusal.TIMEOUT
              : givenUp == HookResult.OVERLOADED ? Refusal.OVERLOADED : Refusal.ABORTED);
    } catch (RuntimeException | Error bug) {
      log.atError().setCause(bug).log(name + " not taken in by a bug");
      return refused(Refusal.FAILED);
    }
  }

  /** At most one line in a while: anyone can call. */
  final void warn(String message, @Nullable String detail) {
    long last = warned.get();
    long now = System.nanoTime();
    if (now - last >= LOG_INTERVAL_NANOS && warned.compareAndSet(last, now)) {
      log.atWarn().addKeyValue("detail", detail == null ? "" : detail).log(message);
    }
  }
}
