package com.authgear.authrequest.http;

import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.EventReader;
import com.authgear.authrequest.verify.changes.EventReader.EventBody;
import com.authgear.authrequest.verify.changes.EventReader.Irrelevant;
import com.authgear.authrequest.verify.changes.EventReader.MalformedEvent;
import com.authgear.authrequest.verify.changes.EventReader.Relevant;
import com.authgear.authrequest.verify.changes.UserEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
 * Answers {@code POST /hooks/authgear}, where Authgear says that a user changed; all else goes on
 * to the next handler. {@code x-authgear-body-signature} is the HMAC-SHA256 of the raw body in
 * lower-case hex. The body is read as it comes, as its length has no bound at Authgear, and only
 * the few values that are needed are kept of it. They are acted on when the whole body has come and
 * its signature is found to be good.
 *
 * <p>A body is read on a virtual thread of its own; {@link HookBodies} says how many may be waited
 * for at once, and for how long.
 */
public final class HookHandler extends Handler.Wrapper {

  /** Takes in what events say; must not wait. */
  public interface Sink {
    /** A user changed. */
    ChangeMarks.Effect learn(UserEvent event);

    /**
     * An event that is none about a change.
     *
     * @param at when it happened, Unix seconds
     */
    void pass(long seq, long at);
  }

  /** Hears of every call. */
  @FunctionalInterface
  public interface WebhookListener {
    void answered(HookResult result);
  }

  public static final String PATH = "/hooks/authgear";

  /**
   * Authgear's bodies have 1 to 2 KiB, and a user's attributes in addition, for which it has no
   * bound. nginx needs the same {@code client_max_body_size}.
   */
  public static final int MAX_BODY = 32 * 1024 * 1024;

  /** Each takes about 20 KiB while it is read, however long it is. */
  static final int MAX_READING = 512;

  /** Authgear gives up after 60 s. */
  static final HookBodies.BodyLimits LIMITS =
      new HookBodies.BodyLimits(
          MAX_READING, Duration.ofSeconds(5), 64L * 1024, Duration.ofSeconds(60));

  private static final Logger LOG = LoggerFactory.getLogger(HookHandler.class);
  private static final String SIGNATURE = "x-authgear-body-signature";
  private static final int SIGNATURE_LENGTH = 64;
  private static final long LOG_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final List<SecretKeySpec> keys;
  private final Sink sink;
  private final WebhookListener listener;
  private final HookBodies bodies;
  private final AtomicLong warned = new AtomicLong(System.nanoTime() - LOG_INTERVAL_NANOS);

  /**
   * @param secrets those that Authgear may sign with
   * @param next answers everything else
   */
  public HookHandler(List<String> secrets, Sink sink, WebhookListener listener, Handler next) {
    this(secrets, sink, listener, next, LIMITS);
  }

  HookHandler(
      List<String> secrets,
      Sink sink,
      WebhookListener listener,
      Handler next,
      HookBodies.BodyLimits limits) {
    super(next);
    this.keys =
        secrets.stream()
            .map(secret -> new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"))
            .toList();
    this.sink = sink;
    this.listener = listener;
    this.bodies = new HookBodies(limits, System::nanoTime);
  }

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.NON_BLOCKING;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if (!PATH.equals(request.getHttpURI().getPath())) {
      return super.handle(request, response, callback);
    }
    HttpFields headers = request.getHeaders();
    byte[] signature = signature(headers.getValuesList(SIGNATURE));
    if (!request.getMethod().equals("POST")) {
      answer(response, callback, HookResult.NOT_POST);
    } else if (signature == null) {
      warn("webhook without a signature refused", null);
      answer(response, callback, HookResult.BAD_SIGNATURE);
    } else if (headers.getLongField(HttpHeader.CONTENT_LENGTH) > MAX_BODY) {
      answer(response, callback, HookResult.TOO_LARGE);
    } else {
      Thread _ =
          Thread.ofVirtual()
              .name("webhook")
              .start(() -> answer(response, callback, read(request, signature)));
    }
    return true;
  }

  private static byte @Nullable [] signature(List<String> values) {
    return values.size() == 1 && values.getFirst().length() == SIGNATURE_LENGTH
        ? values.getFirst().getBytes(StandardCharsets.ISO_8859_1)
        : null;
  }

  private void answer(Response response, Callback callback, HookResult result) {
    HttpFields.Mutable headers = response.getHeaders();
    response.setStatus(result.status());
    headers.put(HttpHeader.CONTENT_LENGTH, "0");
    switch (result) {
      case NOT_POST -> headers.put(HttpHeader.ALLOW, "POST");
      // What is left of the body is not waited for.
      case TIMEOUT, TOO_LARGE, OVERLOADED, ABORTED -> headers.put(HttpHeader.CONNECTION, "close");
      case ACCEPTED, DUPLICATE, TOO_OLD, IGNORED, MALFORMED, BAD_SIGNATURE, FAILED -> {}
    }
    listener.answered(result);
    // Written out for the same reason as in AuthHandler.
    response.write(true, BufferUtil.EMPTY_BUFFER, callback);
  }

  private HookResult read(Request request, byte[] signature) {
    HookBody raw = new HookBody(request, bodies);
    try (raw) {
      SignedBody body = new SignedBody(raw, keys, MAX_BODY);
      EventBody reading = EventReader.read(body);
      if (!body.isSigned(signature)) {
        warn(
            "webhook with a wrong signature refused: is AUTHGEAR_WEBHOOK_SECRET the project's?",
            null);
        return HookResult.BAD_SIGNATURE;
      }
      return takeIn(reading);
    } catch (SignedBody.TooLarge _) {
      return HookResult.TOO_LARGE;
    } catch (IOException _) {
      HookResult givenUp = raw.givenUp();
      return givenUp == null ? HookResult.ABORTED : givenUp;
    } catch (RuntimeException | Error bug) {
      LOG.atError().setCause(bug).log("webhook not taken in by a bug");
      return HookResult.FAILED;
    }
  }

  /** Whatever is in here is Authgear's. */
  private HookResult takeIn(EventBody reading) {
    return switch (reading) {
      case Relevant relevant -> {
        ChangeMarks.Effect effect = learn(relevant);
        LOG.atInfo()
            .addKeyValue("event", relevant.id())
            .addKeyValue("type", relevant.type())
            .addKeyValue("seq", relevant.seq())
            .addKeyValue("effect", effect)
            .log("webhook");
        yield switch (effect) {
          case MARKED -> HookResult.ACCEPTED;
          case KNOWN -> HookResult.DUPLICATE;
          case TOO_OLD -> HookResult.TOO_OLD;
        };
      }
      case Irrelevant irrelevant -> {
        sink.pass(irrelevant.seq(), irrelevant.at());
        yield HookResult.IGNORED;
      }
      case MalformedEvent(String what) -> {
        warn("signed webhook not understood", what);
        yield HookResult.MALFORMED;
      }
    };
  }

  /** What became of the event: that of its first user about whom it said something. */
  private ChangeMarks.Effect learn(Relevant relevant) {
    List<ChangeMarks.Effect> effects = relevant.events().stream().map(sink::learn).toList();
    return effects.contains(ChangeMarks.Effect.MARKED)
        ? ChangeMarks.Effect.MARKED
        : effects.getFirst();
  }

  /** At most one line in a while: anyone can call. */
  private void warn(String message, @Nullable String detail) {
    long last = warned.get();
    long now = System.nanoTime();
    if (now - last >= LOG_INTERVAL_NANOS && warned.compareAndSet(last, now)) {
      LOG.atWarn().addKeyValue("detail", detail == null ? "" : detail).log(message);
    }
  }
}
