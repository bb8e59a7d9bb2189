package com.authgear.authrequest.http;

import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.EventReader;
import com.authgear.authrequest.verify.changes.EventReader.EventBody;
import com.authgear.authrequest.verify.changes.EventReader.Irrelevant;
import com.authgear.authrequest.verify.changes.EventReader.MalformedEvent;
import com.authgear.authrequest.verify.changes.EventReader.Relevant;
import com.authgear.authrequest.verify.changes.UserEvent;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Handler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code POST /hooks/authgear}, where Authgear says that a user changed; all else goes on
 * to the next handler. {@code x-authgear-body-signature} is the HMAC-SHA256 of the raw body in
 * lower-case hex. The body is read as it comes, as its length has no bound at Authgear, and only
 * the few values that are needed are kept of it. They are acted on when the whole body has come and
 * its signature is found to be good.
 */
public final class HookHandler extends SignedPostHandler<HookResult> {

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

  private final Sink sink;
  private final WebhookListener listener;

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
    super(PATH, "webhook", secrets, MAX_BODY, limits, next);
    this.sink = sink;
    this.listener = listener;
  }

  @Override
  @Nullable Signature signature(HttpFields headers) {
    List<String> values = headers.getValuesList(SIGNATURE);
    return values.size() == 1 ? new Signature(values.getFirst(), "") : null;
  }

  @Override
  Supplier<HookResult> read(InputStream body, Signature signature) throws IOException {
    EventBody reading = EventReader.read(body);
    return () -> takeIn(reading);
  }

  @Override
  HookResult refused(Refusal refusal) {
    return switch (refusal) {
      case NOT_POST -> HookResult.NOT_POST;
      case BAD_SIGNATURE -> HookResult.BAD_SIGNATURE;
      case TOO_LARGE -> HookResult.TOO_LARGE;
      case TIMEOUT -> HookResult.TIMEOUT;
      case OVERLOADED -> HookResult.OVERLOADED;
      case ABORTED -> HookResult.ABORTED;
      case FAILED -> HookResult.FAILED;
    };
  }

  @Override
  int status(HookResult result) {
    return result.status();
  }

  @Override
  void describe(HookResult result, HttpFields.Mutable headers) {}

  @Override
  void answered(HookResult result) {
    listener.answered(result);
  }

  @Override
  String isTheSecretTheSame() {
    return "is AUTHGEAR_WEBHOOK_SECRET the project's?";
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
}
