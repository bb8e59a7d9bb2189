package com.authgear.authrequest.http;

import com.authgear.authrequest.verify.changes.FollowMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import javax.crypto.spec.SecretKeySpec;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code POST /hooks/follow}, where the command {@code follow} tells what it read in the
 * audit log; all else goes on to the next handler. {@link #TIME} has Unix milliseconds, {@link
 * #SIGNATURE} the HMAC-SHA256 of these digits, a dot and the raw body, in lower-case hex. The body
 * is a {@link FollowMessage}. Every answer to a signed post names in {@link #INSTANCE} the process
 * that took it in: one that has another name than before knows nothing of what was told before.
 *
 * <p>A post that comes once more does no harm, as all that it says is known by then.
 */
public final class FollowHandler extends Handler.Wrapper {

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

  private static final Logger LOG = LoggerFactory.getLogger(FollowHandler.class);
  private static final int SIGNATURE_LENGTH = 64;
  private static final int MAX_TIME_LENGTH = 15;
  private static final long MAX_AWAY_MILLIS = Duration.ofMinutes(5).toMillis();
  private static final long LOG_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final List<SecretKeySpec> keys;
  private final String instance;
  private final Consumer<FollowMessage> sink;
  private final FollowListener listener;
  private final InstantSource clock;
  private final HookBodies bodies;
  private final AtomicLong warned = new AtomicLong(System.nanoTime() - LOG_INTERVAL_NANOS);

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
    super(next);
    this.keys = List.of(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    this.instance = instance;
    this.sink = sink;
    this.listener = listener;
    this.clock = clock;
    this.bodies = new HookBodies(LIMITS, System::nanoTime);
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
    List<String> signatures = headers.getValuesList(SIGNATURE);
    List<String> times = headers.getValuesList(TIME);
    if (!request.getMethod().equals("POST")) {
      answer(response, callback, FollowResult.NOT_POST);
    } else if (signatures.size() != 1
        || signatures.getFirst().length() != SIGNATURE_LENGTH
        || times.size() != 1
        || !isTime(times.getFirst())) {
      warn("post of a follower without a signature refused");
      answer(response, callback, FollowResult.BAD_SIGNATURE);
    } else if (headers.getLongField(HttpHeader.CONTENT_LENGTH) > MAX_BODY) {
      answer(response, callback, FollowResult.TOO_LARGE);
    } else {
      Thread _ =
          Thread.ofVirtual()
              .name("follow-hook")
              .start(
                  () ->
                      answer(
                          response,
                          callback,
                          read(request, times.getFirst(), signatures.getFirst())));
    }
    return true;
  }

  private static boolean isTime(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_TIME_LENGTH
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private void answer(Response response, Callback callback, FollowResult result) {
    HttpFields.Mutable headers = response.getHeaders();
    response.setStatus(result.status());
    headers.put(HttpHeader.CONTENT_LENGTH, "0");
    switch (result) {
      case ACCEPTED, OTHER_INSTANCE -> headers.put(INSTANCE, instance);
      case NOT_POST -> headers.put(HttpHeader.ALLOW, "POST");
      // What is left of the body is not waited for.
      case TIMEOUT, TOO_LARGE, OVERLOADED, ABORTED -> headers.put(HttpHeader.CONNECTION, "close");
      case MALFORMED, BAD_SIGNATURE, WRONG_TIME, FAILED -> {}
    }
    listener.answered(result);
    // Written out for the same reason as in AuthHandler.
    response.write(true, BufferUtil.EMPTY_BUFFER, callback);
  }

  private FollowResult read(Request request, String time, String signature) {
    HookBody raw = new HookBody(request, bodies);
    try (raw) {
      SignedBody body =
          new SignedBody(raw, keys, MAX_BODY, (time + ".").getBytes(StandardCharsets.US_ASCII));
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      long _ = body.transferTo(text);
      if (!body.isSigned(signature.getBytes(StandardCharsets.ISO_8859_1))) {
        warn(
            "post of a follower with a wrong signature refused: is AUTHGEAR_FOLLOW_SECRET the"
                + " same there?");
        return FollowResult.BAD_SIGNATURE;
      }
      if (Math.abs(clock.millis() - Long.parseLong(time)) > MAX_AWAY_MILLIS) {
        warn("post of a follower refused: its clock and this one are more than five minutes apart");
        return FollowResult.WRONG_TIME;
      }
      FollowMessage message = FollowMessage.read(text.toString(StandardCharsets.UTF_8));
      boolean mine = message.instance().equals(instance);
      sink.accept(mine ? message : message.withoutHeartbeat());
      return mine ? FollowResult.ACCEPTED : FollowResult.OTHER_INSTANCE;
    } catch (SignedBody.TooLarge _) {
      return FollowResult.TOO_LARGE;
    } catch (IOException _) {
      HookResult givenUp = raw.givenUp();
      return givenUp == HookResult.TIMEOUT
          ? FollowResult.TIMEOUT
          : givenUp == HookResult.OVERLOADED ? FollowResult.OVERLOADED : FollowResult.ABORTED;
    } catch (IllegalArgumentException _) {
      warn("signed post of a follower not understood: is it of the same version?");
      return FollowResult.MALFORMED;
    } catch (RuntimeException | Error bug) {
      LOG.atError().setCause(bug).log("post of a follower not taken in by a bug");
      return FollowResult.FAILED;
    }
  }

  /** At most one line in a while: anyone can call. */
  private void warn(String message) {
    long last = warned.get();
    long now = System.nanoTime();
    if (now - last >= LOG_INTERVAL_NANOS && warned.compareAndSet(last, now)) {
      LOG.atWarn().log(message);
    }
  }
}
