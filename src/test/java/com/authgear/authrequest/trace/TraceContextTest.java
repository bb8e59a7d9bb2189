package com.authgear.authrequest.trace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** W3C Trace Context §3.2 and §3.3. */
class TraceContextTest {

  private static final String ID = "0af7651916cd43dd8448eb211c80319c";
  private static final String GOOD = "00-" + ID + "-b7ad6b7169203331-01";

  private static TraceContext of(String traceparent, String... tracestates) {
    return requireNonNull(TraceContext.of(List.of(traceparent), List.of(tracestates)));
  }

  @Test
  void of_validTraceparent_isReadAndKeptAsItCame() {
    TraceContext context = of(GOOD);
    assertThat(context).isEqualTo(new TraceContext(GOOD, ""));
    assertThat(context.traceId()).isEqualTo(ID);
    assertThat(context.parentId()).isEqualTo("b7ad6b7169203331");
    assertThat(context.flags()).isEqualTo("01");
    assertThat(context.isSampled()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02-what-may-come"
      })
  void of_notSampled_saysSo(String traceparent) {
    assertThat(of(traceparent).isSampled()).isFalse();
    assertThat(of(traceparent).traceparent()).isEqualTo(traceparent);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "0af7651916cd43dd8448eb211c80319c",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-a b",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx: y"
      })
  void of_invalidTraceparent_isAsNone(String traceparent) {
    assertThat(TraceContext.of(List.of(traceparent), List.of("a=1"))).isNull();
  }

  @Test
  void of_veryLongTraceparentOfALaterVersion_isAsNone() {
    String later = "01" + GOOD.substring(2) + "-";
    assertThat(of(later + "a".repeat(200)).traceId()).isEqualTo(ID);
    assertThat(TraceContext.of(List.of(later + "a".repeat(201)), List.of())).isNull();
  }

  @Test
  void of_noneOrTwoTraceparents_isAsNone() {
    assertThat(TraceContext.of(List.of(), List.of("a=1"))).isNull();
    assertThat(TraceContext.of(List.of(GOOD, GOOD), List.of())).isNull();
  }

  @Test
  void of_severalTracestates_areOne() {
    assertThat(of(GOOD, "rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE").tracestate())
        .isEqualTo("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  }

  @Test
  void of_tracestateThatIsNoneOrTooLong_isDroppedAlone() {
    assertThat(of(GOOD, "a=\u00e9").tracestate()).isEmpty();
    assertThat(of(GOOD, "a=1\r\nx: y").tracestate()).isEmpty();
    assertThat(of(GOOD, "a=" + "b".repeat(510)).tracestate()).hasSize(512);
    assertThat(of(GOOD, "a=" + "b".repeat(511)).tracestate()).isEmpty();
  }
}
