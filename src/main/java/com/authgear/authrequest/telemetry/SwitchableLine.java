package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import com.authgear.authrequest.settings.LogFormat;

/** An event as a line of a shape that may be changed while threads log. */
final class SwitchableLine extends EncoderBase<ILoggingEvent> {

  private volatile Encoder<ILoggingEvent> shape;

  SwitchableLine(LogFormat format) {
    this.shape = of(format);
  }

  void shape(LogFormat format) {
    shape = of(format);
  }

  private static Encoder<ILoggingEvent> of(LogFormat format) {
    return switch (format) {
      case JSON -> new JsonLine();
      case TEXT -> new TextLine();
    };
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    return shape.encode(event);
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
