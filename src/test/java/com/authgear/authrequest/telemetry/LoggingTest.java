package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggerContextListener;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import com.authgear.authrequest.settings.LogFormat;
import com.authgear.authrequest.settings.LogLevel;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;

class LoggingTest {

  /** Line breaks of every kind, a terminal's escape, a bidi override, DEL and half a surrogate. */
  private static final String HOSTILE =
      "a\r\nb\u0085c\u2028d\u2029e\u001b[2Jf\u202eg\u007fh\ud800i\tj\u0000k\u000bl";

  private static final String HOSTILE_ESCAPED =
      "a\\r\\nb\\u0085c\\u2028d\\u2029e\\u001b[2Jf\\u202eg\\u007fh\ufffdi\\tj\\u0000k\\u000bl";

  private static CapturedLog json() {
    return new CapturedLog(LogFormat.JSON, LogLevel.INFO);
  }

  private static CapturedLog text() {
    return new CapturedLog(LogFormat.TEXT, LogLevel.INFO);
  }

  @Nested
  class Json {

    @Test
    void event_withPairs_isOneObject() {
      CapturedLog log = json();
      log.logger("a.B")
          .atWarn()
          .addKeyValue("reason", "expired")
          .addKeyValue("count", 3)
          .addKeyValue("nanos", 5_000_000_000L)
          .addKeyValue("share", 0.5)
          .addKeyValue("ready", false)
          .addKeyValue("nothing", (Object) null)
          .log("hello {}", "wörld");

      assertThat(log.lines())
          .containsExactly(
              """
              {"time":"TIME","level":"WARN","logger":"a.B","message":"hello wörld","reason":"expired","count":3,"nanos":5000000000,"share":0.5,"ready":false,"nothing":null}\
              """);
      assertThat(log.text()).endsWith("}\n");
    }

    @Test
    void event_withPairsNamedLikeFields_hidesNothing() {
      CapturedLog log = json();
      log.logger("a")
          .atInfo()
          .addKeyValue("level", "DEBUG")
          .addKeyValue("error", "none")
          .addKeyValue("key", 1)
          .addKeyValue("key", 2)
          .log("m");

      assertThat(log.lines())
          .containsExactly(
              """
              {"time":"TIME","level":"INFO","logger":"a","message":"m","_level":"DEBUG","_error":"none","key":1,"_key":2}\
              """);
    }

    @Test
    void event_hostile_isOneLineThatReadsBack() throws Exception {
      CapturedLog log = json();
      log.logger("a")
          .atInfo()
          .setCause(new IOException(HOSTILE))
          .addKeyValue(HOSTILE, HOSTILE)
          .log("{}", HOSTILE + "\"}\n{\"level\":\"INFO\"}");

      assertThat(log.text()).containsOnlyOnce("\n").endsWith("\n");
      assertThat(log.text().codePoints().filter(Character::isISOControl).count()).isEqualTo(1);
      assertThat(log.text()).doesNotContain("\u2028", "\u2029", "\u202e");
      JsonNode line = new ObjectMapper().readTree(log.text());
      String readBack = HOSTILE.replace('\ud800', '\ufffd');
      assertThat(line.get("message").textValue()).isEqualTo(readBack + "\"}\n{\"level\":\"INFO\"}");
      assertThat(line.get(readBack).textValue()).isEqualTo(readBack);
      assertThat(line.get("error_message").textValue()).isEqualTo(readBack);
    }

    @Test
    void event_withCharactersBeyondThe16Bits_keepsTheVisibleAndEscapesTheOthers() throws Exception {
      CapturedLog log = json();
      log.logger("a").info("\ud83d\ude00\udb40\udc01");

      assertThat(log.text()).contains("\"message\":\"\ud83d\ude00\\udb40\\udc01\"");
      assertThat(new ObjectMapper().readTree(log.text()).get("message").textValue())
          .isEqualTo("\ud83d\ude00\udb40\udc01");
    }

    @Test
    void event_withExceptionBelowError_hasNoStack() {
      CapturedLog log = json();
      log.logger("a").warn("m", new IOException("no route"));

      assertThat(log.lines())
          .containsExactly(
              """
              {"time":"TIME","level":"WARN","logger":"a","message":"m","error":"java.io.IOException","error_message":"no route"}\
              """);
    }

    @Test
    void event_withExceptionWithoutMessage_hasNull() {
      CapturedLog log = json();
      log.logger("a").warn("m", new IOException());

      assertThat(log.lines())
          .containsExactly(
              """
              {"time":"TIME","level":"WARN","logger":"a","message":"m","error":"java.io.IOException","error_message":null}\
              """);
    }

    @Test
    void event_withExceptionAtError_hasTheStackWithCausesInOneText() throws Exception {
      CapturedLog log = json();
      log.logger("a").error("m", new UncheckedIOException("outer", new IOException("inner")));

      assertThat(log.text()).containsOnlyOnce("\n");
      JsonNode line = new ObjectMapper().readTree(log.text());
      assertThat(line.get("error").textValue()).isEqualTo("java.io.UncheckedIOException");
      assertThat(line.get("error_message").textValue()).isEqualTo("outer");
      assertThat(line.get("stack").textValue())
          .startsWith("java.io.UncheckedIOException: outer\n\tat " + LoggingTest.class.getName())
          .contains("Caused by: java.io.IOException: inner");
    }

    @Test
    void time_isUtcWithMilliseconds() {
      LoggingEvent event = event(Instant.parse("2026-11-24T10:00:00Z"));
      assertThat(new String(new JsonLine().encode(event), StandardCharsets.UTF_8))
          .isEqualTo(
              """
              {"time":"2026-11-24T10:00:00.000Z","level":"INFO","logger":"a","message":"m"}
              """);
    }
  }

  @Nested
  class Text {

    @Test
    void event_withPairs_isOneLine() {
      CapturedLog log = text();
      log.logger("a.B")
          .atWarn()
          .addKeyValue("reason", "expired")
          .addKeyValue("count", 3)
          .addKeyValue("url", "https://x.example:8/a")
          .addKeyValue("detail", "no \"route\" to C:\\")
          .addKeyValue("empty", "")
          .addKeyValue("nothing", (Object) null)
          .log("hello {}", "wörld");

      assertThat(log.lines())
          .containsExactly(
              """
              TIME WARN a.B hello wörld reason=expired count=3 url=https://x.example:8/a detail="no \\"route\\" to C:\\\\" empty="" nothing=null\
              """);
      assertThat(log.text()).endsWith("null\n");
    }

    @Test
    void event_hostile_isOneLineWithEscapes() {
      CapturedLog log = text();
      log.logger("a")
          .atInfo()
          .setCause(new IOException(HOSTILE))
          .addKeyValue("k =" + HOSTILE, HOSTILE)
          .log("{}", HOSTILE);

      assertThat(log.lines())
          .containsExactly(
              "TIME INFO a H \"k =H\"=\"H\" error=java.io.IOException error_message=\"H\""
                  .replace("H", HOSTILE_ESCAPED));
      assertThat(log.text().codePoints().filter(Character::isISOControl).count()).isEqualTo(1);
    }

    @Test
    void event_withBackslashes_cannotPassForAnEscape() {
      CapturedLog log = text();
      log.logger("a").info("one\\ntwo");
      log.logger("a").info("one\ntwo");

      assertThat(log.lines()).containsExactly("TIME INFO a one\\\\ntwo", "TIME INFO a one\\ntwo");
    }

    @Test
    void event_withExceptionAtError_hasTheStackInTheSameLine() {
      CapturedLog log = text();
      log.logger("a").error("m", new IOException("no route"));

      assertThat(log.lines()).hasSize(1);
      assertThat(log.lines().getFirst())
          .startsWith(
              "TIME ERROR a m error=java.io.IOException error_message=\"no route\""
                  + " stack=\"java.io.IOException: no route\\n\\tat "
                  + LoggingTest.class.getName());
    }

    @Test
    void time_isUtcWithMilliseconds() {
      LoggingEvent event = event(Instant.parse("2026-11-24T10:00:00.0789Z"));
      assertThat(new String(new TextLine().encode(event), StandardCharsets.UTF_8))
          .isEqualTo("2026-11-24T10:00:00.078Z INFO a m\n");
    }
  }

  @Nested
  class Levels {

    @ParameterizedTest
    @EnumSource(LogLevel.class)
    void configure_level_isTheLeastSevereOfOurs(LogLevel level) {
      CapturedLog log = new CapturedLog(LogFormat.TEXT, level);
      everyLevel(log.logger("com.authgear.authrequest.X"));

      assertThat(log.lines()).hasSize(1 + List.of(LogLevel.values()).indexOf(level));
    }

    @Test
    void configure_librariesThatWriteCredentials_areQuietBelowWarnAtEveryLevel() {
      Map<LogLevel, Integer> expected =
          Map.of(LogLevel.ERROR, 1, LogLevel.WARN, 2, LogLevel.INFO, 2, LogLevel.DEBUG, 2);
      for (String name :
          List.of(
              "org.eclipse.jetty.http.HttpParser",
              "io.javalin.Javalin",
              "okhttp3.OkHttpClient",
              "redis.clients.jedis.Connection")) {
        expected.forEach(
            (level, lines) -> {
              CapturedLog log = new CapturedLog(LogFormat.TEXT, level);
              everyLevel(log.logger(name));
              assertThat(log.lines()).as("%s at %s", name, level).hasSize(lines);
            });
      }
    }

    @Test
    void configure_exporterOfSpans_isSilent_sinceItsCallerSpeaks() {
      CapturedLog log = new CapturedLog(LogFormat.TEXT, LogLevel.DEBUG);
      everyLevel(log.logger("io.opentelemetry.exporter.internal.http.HttpExporter"));
      assertThat(log.lines()).isEmpty();
    }

    private static void everyLevel(Logger logger) {
      logger.error("m");
      logger.warn("m");
      logger.info("m");
      logger.debug("m");
      logger.trace("m");
    }
  }

  /** What a client sent reaches no line by a library. */
  @Nested
  class LinesOfLibraries {

    @ParameterizedTest
    @EnumSource(LogFormat.class)
    void event_ofALibrary_hasNeitherArgumentsNorTheTextOfExceptions(LogFormat format) {
      for (String name : List.of("org.eclipse.jetty.util.HostPort", "io.javalin.Javalin")) {
        CapturedLog log = new CapturedLog(format, LogLevel.INFO);
        log.logger(name).warn("Bad Authority: [{}]", "eyJhbGciOi");
        log.logger(name).warn("failed {}", "eyJhbGciOi", new IOException("eyJhbGciOi"));
        log.logger(name)
            .error("failed", new IOException("eyJhbGciOi", new IOException("eyJhbGciOi")));

        assertThat(log.text())
            .contains("Bad Authority: [{}]", "java.io.IOException", LoggingTest.class.getName())
            .doesNotContain("eyJhbGciOi");
      }
    }

    @Test
    void event_ofANameThatOnlyBeginsSo_isAsItIsMeant() {
      CapturedLog log = text();
      log.logger("redis.clientsX.Y").warn("{}", "shown");

      assertThat(log.text()).contains("shown");
    }

    @Test
    void events_inAFlood_areCutOffByMessage() {
      CapturedLog log = text();
      for (int i = 0; i < 1_000; i++) {
        log.logger("org.eclipse.jetty.util.HostPort").warn("Bad Authority: [{}]", i);
        log.logger("com.authgear.authrequest.http.AuthHandler").error("denied by a bug");
        log.logger("com.authgear.authrequest.verify.X").warn("mine");
      }
      log.logger("org.eclipse.jetty.util.HostPort").warn("another");

      assertThat(log.lines().stream().filter(line -> line.contains("Bad Authority")))
          .hasSize(FloodGate.LINES);
      assertThat(log.lines().stream().filter(line -> line.contains("denied by a bug")))
          .hasSize(FloodGate.LINES);
      assertThat(log.lines().stream().filter(line -> line.endsWith("mine"))).hasSize(1_000);
      assertThat(log.text()).contains("another");
    }
  }

  /** Threads log while {@code main} sets up what the settings say. */
  @Nested
  class Again {

    @Test
    void configure_again_changesTheShapeAndNeverLowersALevelInBetween() {
      CapturedLog log = json();
      List<String> levels = new ArrayList<>();
      LoggerContext context = ((ch.qos.logback.classic.Logger) log.logger("a")).getLoggerContext();
      context.addListener(
          new LoggerContextListener() {
            @Override
            public boolean isResetResistant() {
              return true;
            }

            @Override
            public void onStart(LoggerContext loggers) {}

            @Override
            public void onReset(LoggerContext loggers) {
              levels.add("reset");
            }

            @Override
            public void onStop(LoggerContext loggers) {}

            @Override
            public void onLevelChange(ch.qos.logback.classic.Logger logger, Level level) {
              levels.add(logger.getName() + " " + level);
            }
          });

      Logging.configure(context, LogFormat.TEXT, LogLevel.WARN, new OutputStreamAppender<>());
      log.logger("a").warn("m");

      assertThat(levels)
          .isNotEmpty()
          .noneMatch(change -> change.matches("reset|.* (DEBUG|TRACE|ALL|null)"));
      assertThat(log.lines()).containsExactly("TIME WARN a m");
    }
  }

  private static LoggingEvent event(Instant instant) {
    LoggingEvent event =
        new LoggingEvent(
            "", new LoggerContext().getLogger("a"), Level.INFO, "m", null, new Object[0]);
    event.setInstant(instant);
    return event;
  }
}
