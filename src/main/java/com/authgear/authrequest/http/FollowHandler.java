package com.authgear.authrequest.http;

import com.authgear.authrequest.verify.changes.FollowMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Handler;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code POST /hooks/follow}, where the command {@code follow} tells what it read in the
 * audit log; all else goes on to the next handler. {@link #TIME} has Unix milliseconds, {@link
 * #SIGNATURE} the HMAC-SHA256 of these digits, a dot and the raw body, in lower-case hex. The body
 * is a {@link FollowMessage}. Every answer to a signed post names in {@link #INSTANCE} the process
 * that took it in: one that has another name than before knows nothing of what was told before.
 *
 * <p>A post that comes once more does no harm, as all that it says is known by then.
 */
public final class FollowHandler extends SignedPostHandler<FollowResult> {

  /** Hears of every call. */
  @FunctionalInterface
  public interface FollowListener {
    void answered(FollowResult result);
  }

  public static final String PATH = "/hooks/follow";
  public static final String TIME = "x-authgear-follow-time";
  public static final String SIGNATURE = "x-authgear-follow-signature";
  public static final String INSTANCE = "x-authgear-follow-instance";

  /** A follower sends less. */
  public static final int MAX_BODY = 256 * 1024;

  private static final HookBodies.BodyLimits LIMITS =
      new HookBodies.BodyLimits(64, Duration.ofSeconds(5), 64L * 1024, Duration.ofSeconds(10));

  private static final int MAX_TIME_LENGTH = 15;
  private static final long MAX_AWAY_MILLIS = Duration.ofMinutes(5).toMillis();

  private final String instance;
  private final Consumer<FollowMessage> sink;
  private final FollowListener listener;
  private final InstantSource clock;

  /**
   * @param instance names this process and no other one
   * @param sink takes in what is said; must not wait
   * @param next answers everything else
   */
  public FollowHandler(
      String secret,
      String instance,
      Consumer<FollowMessage> sink,
      FollowListener listener,
      InstantSource clock,
      Handler next) {
    super(PATH, "post of a follower", List.of(secret), MAX_BODY, LIMITS, next);
    this.instance = instance;
    this.sink = sink;
    this.listener = listener;
    this.clock = clock;
  }

  @Override
  @Nullable Signature signature(HttpFields headers) {
    List<String> signatures = headers.getValuesList(SIGNATURE);
    List<String> times = headers.getValuesList(TIME);
    return signatures.size() == 1 && times.size() == 1 && isTime(times.getFirst())
        ? new Signature(signatures.getFirst(), times.getFirst() + ".")
        : null;
  }

  private static boolean isTime(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_TIME_LENGTH
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  @Override
  Supplier<FollowResult> read(InputStream body, Signature signature) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    long _ = body.transferTo(text);
    String before = signature.before();
    long time = Long.parseLong(before.substring(0, before.length() - 1));
    return () -> takeIn(text.toString(StandardCharsets.UTF_8), time);
  }

  /** Whatever is in here is a follower's. */
  private FollowResult takeIn(String text, long time) {
    if (Math.abs(clock.millis() - time) > MAX_AWAY_MILLIS) {
      warn(
          "post of a follower refused: its clock and this one are more than five minutes apart",
          null);
      return FollowResult.WRONG_TIME;
    }
    FollowMessage message;
    try {
      message = FollowMessage.read(text);
    } catch (IllegalArgumentException _) {
      warn("signed post of a follower not understood: is it of the same version?", null);
      return FollowResult.MALFORMED;
    }
    boolean mine = message.instance().equals(instance);
    sink.accept(mine ? message : message.withoutHeartbeat());
    return mine ? FollowResult.ACCEPTED : FollowResult.OTHER_INSTANCE;
  }

  @Override
  FollowResult refused(Refusal refusal) {
    return switch (refusal) {
      case NOT_POST -> FollowResult.NOT_POST;
      case BAD_SIGNATURE -> FollowResult.BAD_SIGNATURE;
      case TOO_LARGE -> FollowResult.TOO_LARGE;
      case TIMEOUT -> FollowResult.TIMEOUT;
      case OVERLOADED -> FollowResult.OVERLOADED;
      case ABORTED -> FollowResult.ABORTED;
      case FAILED -> FollowResult.FAILED;
    };
  }

  @Override
  int status(FollowResult result) {
    return result.status();
  }

  @Override
  void describe(FollowResult result, HttpFields.Mutable headers) {
    if (result.status() == 200) {
      headers.put(INSTANCE, instance);
    }
  }

  @Override
  void answered(FollowResult result) {
    listener.answered(result);
  }

  @Override
  String isTheSecretTheSame() {
    return "is AUTHGEAR_FOLLOW_SECRET the same there?";
  }
}
