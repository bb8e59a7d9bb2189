package com.authgear.authrequest.http;

import com.authgear.authrequest.verify.changes.EventReader;
import com.authgear.authrequest.verify.changes.EventReader.Irrelevant;
import com.authgear.authrequest.verify.changes.EventReader.Malformed;
import com.authgear.authrequest.verify.changes.EventReader.Relevant;
import com.authgear.authrequest.verify.changes.Marks;
import com.authgear.authrequest.verify.changes.UserEvent;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code POST /hooks/authgear}, where Authgear says that a user changed; all else goes on
 * to the next handler. The body is read without a thread that waits for it, for at most {@link
 * #BODY_TIME}, and nothing of it is believed or even parsed before its signature is found to be
 * good: {@code x-authgear-body-signature} is the HMAC-SHA256 of the raw body in lower-case hex.
 */
public final class HookHandler extends Handler.Wrapper {

  /** Takes in what an event says; must not wait. */
  @FunctionalInterface
  public interface Sink {
    Marks.Effect learn(UserEvent event);
  }

  /** Hears of every call. */
  @FunctionalInterface
  public interface Listener {
    void answered(HookResult result);
  }

  public static final String PATH = "/hooks/authgear";

  /** Authgear's bodies have a few KiB; attributes of a user may add to that. */
  static final int MAX_BODY = 256 * 1024;

  static final Duration BODY_TIME = Duration.ofSeconds(5);

  /** With {@link #MAX_BODY}, bounds the memory. */
  static final int MAX_READING = 1024;

  /** What all bodies together may take while they are read. */
  private static final long MAX_HELD = 16L * 1024 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(HookHandler.class);
  private static final String SIGNATURE = "x-authgear-body-signature";
  private static final int SIGNATURE_LENGTH = 64;
  private static final long LOG_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final List<SecretKeySpec> keys;
  private final Sink sink;
  private final Listener listener;
  private final Duration bodyTime;
  private final Semaphore reading = new Semaphore(MAX_READING);
  private final AtomicLong held = new AtomicLong();
  private final AtomicLong warned = new AtomicLong(System.nanoTime() - LOG_INTERVAL_NANOS);

  /**
   * @param secrets those that Authgear may sign with
   * @param next answers everything else
   */
  public HookHandler(List<String> secrets, Sink sink, Listener listener, Handler next) {
    this(secrets, sink, listener, next, BODY_TIME);
  }

  HookHandler(List<String> secrets, Sink sink, Listener listener, Handler next, Duration bodyTime) {
    super(next);
    this.keys =
        secrets.stream()
            .map(secret -> new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"))
            .toList();
    this.sink = sink;
    this.listener = listener;
    this.bodyTime = bodyTime;
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
    } else if (!reading.tryAcquire()) {
      answer(response, callback, HookResult.OVERLOADED);
    } else {
      new Call(request, response, callback, signature).start();
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

  private HookResult judge(byte[] body, byte[] signature) {
    if (keys.stream().noneMatch(key -> isSignedWith(key, body, signature))) {
      warn(
          "webhook with a wrong signature refused: is AUTHGEAR_WEBHOOK_SECRET the project's?",
          null);
      return HookResult.BAD_SIGNATURE;
    }
    return switch (EventReader.read(body)) {
      case Relevant relevant -> {
        Marks.Effect effect = sink.learn(relevant.event());
        LOG.atInfo()
            .addKeyValue("event", relevant.id())
            .addKeyValue("type", relevant.type())
            .addKeyValue("seq", relevant.event().seq())
            .addKeyValue("effect", effect)
            .log("webhook");
        yield switch (effect) {
          case MARKED -> HookResult.ACCEPTED;
          case KNOWN -> HookResult.DUPLICATE;
          case TOO_OLD -> HookResult.TOO_OLD;
        };
      }
      case Irrelevant _ -> HookResult.IGNORED;
      case Malformed(String what) -> {
        warn("signed webhook not understood", what);
        yield HookResult.MALFORMED;
      }
    };
  }

  private static boolean isSignedWith(SecretKeySpec key, byte[] body, byte[] signature) {
    byte[] expected =
        HexFormat.of().formatHex(hmac(key, body)).getBytes(StandardCharsets.ISO_8859_1);
    return MessageDigest.isEqual(expected, signature);
  }

  private static byte[] hmac(SecretKeySpec key, byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac.doFinal(body);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  /** At most one line in a while: anyone can call. */
  private void warn(String message, @Nullable String detail) {
    long last = warned.get();
    long now = System.nanoTime();
    if (now - last >= LOG_INTERVAL_NANOS && warned.compareAndSet(last, now)) {
      LOG.atWarn().addKeyValue("detail", detail == null ? "" : detail).log(message);
    }
  }

  /** One call while its body is read; answers exactly once. */
  private final class Call implements Invocable.Task {
    private final Request request;
    private final Response response;
    private final Callback callback;
    private final byte[] signature;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private final AtomicBoolean done = new AtomicBoolean();
    private volatile boolean timedOut;
    private long counted;
    private Scheduler.@Nullable Task timer;

    Call(Request request, Response response, Callback callback, byte[] signature) {
      this.request = request;
      this.response = response;
      this.callback = callback;
      this.signature = signature;
    }

    @Override
    public InvocationType getInvocationType() {
      return InvocationType.NON_BLOCKING;
    }

    void start() {
      timer =
          request
              .getComponents()
              .getScheduler()
              .schedule(this::giveUp, bodyTime.toMillis(), TimeUnit.MILLISECONDS);
      run();
    }

    /** Jetty does not let a call end that waits for its body; so the body ends first. */
    private void giveUp() {
      timedOut = true;
      request.fail(new TimeoutException("the body did not come in time"));
    }

    /** Reads what is there. */
    @Override
    public void run() {
      while (!done.get()) {
        Content.Chunk chunk = request.read();
        if (chunk == null) {
          request.demand(this);
          return;
        }
        if (Content.Chunk.isFailure(chunk)) {
          finish(timedOut ? HookResult.TIMEOUT : HookResult.ABORTED);
          return;
        }
        int size = chunk.remaining();
        boolean fits = body.size() + size <= MAX_BODY;
        boolean room = held.addAndGet(size) <= MAX_HELD;
        counted += size;
        if (fits && room) {
          byte[] bytes = new byte[size];
          chunk.get(bytes, 0, size);
          body.writeBytes(bytes);
        }
        boolean last = chunk.isLast();
        chunk.release();
        if (!fits) {
          finish(HookResult.TOO_LARGE);
        } else if (!room) {
          finish(HookResult.OVERLOADED);
        } else if (last) {
          judgeAndFinish();
        }
      }
    }

    private void judgeAndFinish() {
      HookResult result;
      try {
        result = judge(body.toByteArray(), signature);
      } catch (RuntimeException | Error bug) {
        LOG.atError().setCause(bug).log("webhook not taken in by a bug");
        result = HookResult.FAILED;
      }
      finish(result);
    }

    private void finish(HookResult result) {
      if (done.compareAndSet(false, true)) {
        if (timer != null) {
          timer.cancel();
        }
        held.addAndGet(-counted);
        reading.release();
        answer(response, callback, result);
      }
    }
  }
}
