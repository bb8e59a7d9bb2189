package com.authgear.authrequest.http;

import com.authgear.authrequest.http.HookBodies.BodySlot;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.jspecify.annotations.Nullable;

/**
 * A request's body as it comes. It takes a place among {@link HookBodies} when it has to be waited
 * for: one that came with its header, as Authgear's do, is read whatever others are doing.
 */
final class HookBody extends InputStream {

  private final Request request;
  private final HookBodies bodies;
  private final Semaphore arrived = new Semaphore(0);
  private Content.@Nullable Chunk chunk;
  private @Nullable BodySlot place;
  private long length;

  HookBody(Request request, HookBodies bodies) {
    this.request = request;
    this.bodies = bodies;
  }

  /** Why it is not waited for any longer; null if it is. */
  @Nullable HookResult givenUp() {
    return place == null ? null : place.givenUp();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int most) throws IOException {
    while (true) {
      Content.Chunk current = chunk == null ? request.read() : chunk;
      if (current == null) {
        await();
        continue;
      }
      chunk = current;
      if (Content.Chunk.isFailure(current)) {
        throw new IOException(current.getFailure());
      }
      int count = current.get(bytes, offset, most);
      boolean last = current.isLast();
      if (!current.hasRemaining()) {
        current.release();
        chunk = last ? Content.Chunk.EOF : null;
      }
      if (count > 0 || most == 0) {
        length += count;
        if (place != null) {
          place.received(length);
        }
        return count;
      }
      if (last) {
        return -1;
      }
    }
  }

  private void await() throws IOException {
    if (place == null) {
      place = bodies.enter(request.getComponents().getScheduler(), request::fail);
      place.received(length);
    }
    request.demand(Invocable.from(InvocationType.NON_BLOCKING, arrived::release));
    try {
      arrived.acquire();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  /** Leaves its place; what is left of the body is Jetty's. */
  @Override
  public void close() {
    if (chunk != null) {
      chunk.release();
      chunk = null;
    }
    if (place != null) {
      place.close();
    }
  }
}
