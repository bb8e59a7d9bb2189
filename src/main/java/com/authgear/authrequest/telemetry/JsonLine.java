package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.encoder.EncoderBase;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/** An event as a line of JSON. */
final class JsonLine extends EncoderBase<ILoggingEvent> {

  private static final Set<String> RESERVED =
      Set.of("time", "level", "logger", "message", "error", "error_message", "stack");

  @Override
  public byte[] encode(ILoggingEvent event) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("time", LogText.time(event.getInstant()));
    line.put("level", event.getLevel().toString());
    line.put("logger", event.getLoggerName());
    line.put("message", Libraries.message(event));
    @Nullable List<KeyValuePair> pairs = event.getKeyValuePairs();
    if (pairs != null) {
      for (KeyValuePair pair : pairs) {
        put(line, freeName(line, pair.key), pair.value);
      }
    }
    @Nullable IThrowableProxy error = event.getThrowableProxy();
    if (error != null) {
      line.put("error", error.getClassName());
      line.put("error_message", Libraries.errorMessage(event, error));
      if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
        line.put("stack", LogText.stack(event, error));
      }
    }
    // Jackson escapes what JSON demands; what else must not be raw can only be inside a string.
    StringBuilder text = new StringBuilder();
    LogText.appendVisible(text, line.toString());
    return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
  }

  /** No pair hides a field or another pair. */
  private static String freeName(ObjectNode line, String key) {
    String name = key;
    while (RESERVED.contains(name) || line.has(name)) {
      name = "_" + name;
    }
    return name;
  }

  private static void put(ObjectNode line, String name, @Nullable Object value) {
    switch (value) {
      case null -> line.putNull(name);
      case Boolean flag -> line.put(name, flag);
      case Integer number -> line.put(name, number);
      case Long number -> line.put(name, number);
      case Double number -> line.put(name, number);
      default -> line.put(name, value.toString());
    }
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }
}
