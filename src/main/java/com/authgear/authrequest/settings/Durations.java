package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalUnit;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as users write them: a whole number and one unit. */
final class Durations {

  private static final Pattern PATTERN = Pattern.compile("([0-9]+)([a-z]*)");
  private static final Map<String, TemporalUnit> UNITS =
      Map.of(
          "ms", ChronoUnit.MILLIS,
          "s", ChronoUnit.SECONDS,
          "m", ChronoUnit.MINUTES,
          "h", ChronoUnit.HOURS);

  private Durations() {}

  /** Reads a duration from {@code least} to {@code most}. */
  static ParsedValue<Duration> parse(String text, String least, String most) {
    return switch (parse(text)) {
      case Invalid<Duration> fault -> fault;
      case Valid<Duration>(Duration duration) when duration.compareTo(bound(least)) < 0 ->
          new Invalid<>("is less than " + least);
      case Valid<Duration>(Duration duration) when duration.compareTo(bound(most)) > 0 ->
          new Invalid<>("is more than " + most);
      case Valid<Duration> valid -> valid;
    };
  }

  private static ParsedValue<Duration> parse(String text) {
    Matcher matcher = PATTERN.matcher(text);
    if (!matcher.matches()) {
      return new Invalid<>("is not a whole number and a unit");
    }
    if (matcher.group(2).isEmpty()) {
      return new Invalid<>("has no unit");
    }
    TemporalUnit unit = UNITS.get(matcher.group(2));
    if (unit == null) {
      return new Invalid<>("has a unit other than ms, s, m, h");
    }
    try {
      return new Valid<>(Duration.of(Long.parseLong(matcher.group(1)), unit));
    } catch (NumberFormatException | ArithmeticException _) {
      return new Valid<>(Duration.ofSeconds(Long.MAX_VALUE)); // beyond every bound
    }
  }

  private static Duration bound(String text) {
    return switch (parse(text)) {
      case Valid<Duration>(Duration duration) -> duration;
      case Invalid<Duration>(String what, _, _) -> throw new AssertionError(text + " " + what);
    };
  }
}
