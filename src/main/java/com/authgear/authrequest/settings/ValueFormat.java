package com.authgear.authrequest.settings;

import static java.util.stream.Collectors.joining;

import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.redis.RedisUrl;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.RequirementParser;
import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
import com.authgear.authrequest.text.Ascii;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * How a value is written.
 *
 * @param accepts what is accepted, for a user
 * @param parser reads a text that is not empty
 */
record ValueFormat<T>(String accepts, Function<String, ParsedValue<T>> parser) {

  private static final List<String> ALGORITHMS =
      List.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512");

  /** {@code token} of RFC 9110 §5.6.2, which a cookie's name is. */
  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  private static final Pattern FRACTION = Pattern.compile("0(\\.[0-9]{1,9})?|1(\\.0{1,9})?");

  private static final Pattern WHOLE_NUMBER = Pattern.compile("[0-9]{1,9}");

  ParsedValue<T> parse(String text) {
    return parser.apply(text);
  }

  /** An http or https origin. */
  static ValueFormat<URI> origin(String accepts) {
    return new ValueFormat<>(accepts, HttpUrls::parseOrigin);
  }

  /** An http or https URL with a path. */
  static ValueFormat<URI> url() {
    return new ValueFormat<>("http(s) URL with a path, without query", HttpUrls::parseUrl);
  }

  /** An http or https URL to which paths are appended. */
  static ValueFormat<URI> baseUrl() {
    return new ValueFormat<>("http(s) URL without query", HttpUrls::parseResource);
  }

  /** A part of a whole. */
  static ValueFormat<Double> fraction() {
    return new ValueFormat<>(
        "decimal number from 0 to 1",
        text ->
            FRACTION.matcher(text).matches()
                ? new Valid<>(Double.valueOf(text))
                : new Invalid<>("is not such a number"));
  }

  static ValueFormat<ListenAddress> listenAddress() {
    return new ValueFormat<>(
        "host:port, IPv6 in brackets, port 0 for any free one", ListenAddress::parse);
  }

  /** Where proxies ask. */
  static ValueFormat<Listen> listen() {
    return new ValueFormat<>(listenAddress().accepts() + "; or unix:/path", Listen::parse);
  }

  /** Where a PEM file is; what it holds is not looked at here. */
  static ValueFormat<Path> pemFile() {
    return new ValueFormat<>(
        "absolute path of a PEM file",
        text -> {
          if (text.contains("-----BEGIN ")) {
            return new Invalid<>("is what the file should hold, not the file's path", false, "");
          }
          if (!text.startsWith("/") || text.endsWith("/")) {
            return new Invalid<>("is not the absolute path of a file");
          }
          try {
            return new Valid<>(Path.of(text));
          } catch (InvalidPathException _) {
            return new Invalid<>("is not the absolute path of a file");
          }
        });
  }

  /** Permissions of a file. */
  static ValueFormat<Set<PosixFilePermission>> fileMode() {
    return new ValueFormat<>("file mode, octal", FileModes::parse);
  }

  /** A duration from {@code least} to {@code most}, both written as a user would. */
  static ValueFormat<Duration> duration(String least, String most) {
    return new ValueFormat<>(
        "duration (500ms, 30s, 5m, 1h) from " + least + " to " + most,
        text -> Durations.parse(text, least, most));
  }

  /** {@code off}, in any case, or a duration from {@code least} to {@code most}. */
  static ValueFormat<Optional<Duration>> durationOrOff(String least, String most) {
    ValueFormat<Duration> duration = duration(least, most);
    return new ValueFormat<>(
        "off, or " + duration.accepts(),
        text ->
            text.equalsIgnoreCase("off")
                ? new Valid<>(Optional.empty())
                : switch (duration.parse(text)) {
                  case Valid<Duration>(Duration value) -> new Valid<>(Optional.of(value));
                  case Invalid<Duration>(String what, boolean quotable, String detail) ->
                      new Invalid<>(what, quotable, detail);
                });
  }

  /** One of an enum's names; case does not matter. */
  static <E extends Enum<E>> ValueFormat<E> oneOf(Class<E> type) {
    Map<String, E> words = new LinkedHashMap<>();
    for (E value : type.getEnumConstants()) {
      words.put(value.name().toLowerCase(Locale.ROOT), value);
    }
    return oneOf(words);
  }

  /** {@code true} or {@code false}; case does not matter. */
  static ValueFormat<Boolean> flag() {
    Map<String, Boolean> words = new LinkedHashMap<>();
    words.put("true", true);
    words.put("false", false);
    return oneOf(words);
  }

  private static <T> ValueFormat<T> oneOf(Map<String, T> words) {
    return new ValueFormat<>(
        words.keySet().stream().collect(joining(", ", "one of ", "")),
        text -> {
          T value = words.get(text.toLowerCase(Locale.ROOT));
          return value == null ? new Invalid<>("is none of them") : new Valid<>(value);
        });
  }

  static ValueFormat<Integer> wholeNumber(int least, int most) {
    return new ValueFormat<>(
        "whole number from " + least + " to " + most,
        text -> {
          if (!WHOLE_NUMBER.matcher(text).matches()) {
            return new Invalid<>("is not such a number");
          }
          int number = Integer.parseInt(text);
          return number < least || number > most
              ? new Invalid<>("is not from " + least + " to " + most)
              : new Valid<>(number);
        });
  }

  static ValueFormat<String> cookieNamePrefix() {
    return new ValueFormat<>(
        "characters of a cookie name (RFC 6265)",
        text ->
            TOKEN.matcher(text).matches()
                ? new Valid<>(text)
                : new Invalid<>("has characters that no cookie name has"));
  }

  static ValueFormat<String> cookieName() {
    return new ValueFormat<>(
        "name of a cookie (RFC 6265)",
        text ->
            TOKEN.matcher(text).matches()
                ? new Valid<>(text)
                : new Invalid<>("has characters that no cookie name has"));
  }

  /** A request header that is the operator's to choose. */
  static ValueFormat<String> headerName() {
    return new ValueFormat<>("name of a header that has no other meaning", FieldNames::parse);
  }

  static ValueFormat<List<ClaimHeader>> claimHeaders() {
    return new ValueFormat<>("comma-separated list of claim=header", FieldNames::parseClaimHeaders);
  }

  /** RFC 9110 §5.6.4: what a quoted string holds without escapes. */
  static ValueFormat<String> realm() {
    return new ValueFormat<>(
        "printable ASCII without quote and backslash",
        text ->
            text.chars().allMatch(c -> Ascii.isPrintable(c) && c != '"' && c != '\\')
                ? new Valid<>(text)
                : new Invalid<>("has a quote, a backslash or a character outside printable ASCII"));
  }

  /** RFC 9728 §1.2: a resource identifier. */
  static ValueFormat<URI> resource() {
    return new ValueFormat<>(
        "https URL without query; http on loopback",
        text ->
            switch (HttpUrls.parseResource(text)) {
              case Valid<URI>(URI url)
                  when url.getScheme().equals("http") && !HttpUrls.isLoopback(url) ->
                  new Invalid<>("is neither https nor on loopback");
              case Valid<URI> valid -> valid;
              case Invalid<URI> fault -> fault;
            });
  }

  static ValueFormat<Requirement> requirement() {
    return new ValueFormat<>(
        "requirement, as in the query of /auth",
        text ->
            switch (RequirementParser.parse(text)) {
              case RequirementParser.Valid valid -> new Valid<>(valid.requirement());
              case RequirementParser.Mistake mistake ->
                  new Invalid<>("is not understood", true, mistake.problem());
            });
  }

  /** Visible ASCII characters, not fewer than {@code least}. */
  static ValueFormat<Secret> secret(int least) {
    return new ValueFormat<>(
        least + " or more visible ASCII characters",
        text -> {
          if (!Ascii.isVisible(text)) {
            return new Invalid<>("has a space or a character outside visible ASCII");
          }
          return text.length() < least
              ? new Invalid<>("has fewer than " + least + " characters")
              : new Valid<>(new Secret(text));
        });
  }

  /** A {@link RedisUrl}, which may hold a password. */
  static ValueFormat<Secret> redisUrl() {
    return new ValueFormat<>(
        "redis(s)://[user:password@]host[:port][/database],"
            + " redis(s)-sentinel://[user:password@]host[:port],...[/database]#primary,"
            + " redis(s)-cluster://[user:password@]host[:port],...",
        text -> {
          RedisUrl url;
          try {
            url = RedisUrl.parse(text);
          } catch (IllegalArgumentException e) {
            return new Invalid<>(String.valueOf(e.getMessage()));
          }
          return url.topology().nodes().stream()
                  .allMatch(node -> Authority.parse(node.host()) != null)
              ? new Valid<>(new Secret(text))
              : new Invalid<>("has no valid host and port");
        });
  }

  /** One word of visible ASCII characters. */
  static ValueFormat<String> word() {
    return new ValueFormat<>(
        "visible ASCII characters",
        text ->
            Ascii.isVisible(text)
                ? new Valid<>(text)
                : new Invalid<>("has a space or a character outside visible ASCII"));
  }

  /** http or https origins, separated by commas. */
  static ValueFormat<List<URI>> origins() {
    return new ValueFormat<>(
        "comma-separated list of http(s) origins without a path",
        text -> {
          List<URI> origins = new ArrayList<>();
          for (String item : text.split(",", -1)) {
            switch (HttpUrls.parseOrigin(item.strip())) {
              case Valid<URI>(URI origin) -> origins.add(origin);
              case Invalid<URI>(String what, boolean quotable, String detail) -> {
                return new Invalid<>("has an item that " + what, quotable, detail);
              }
            }
          }
          return new Valid<>(List.copyOf(origins));
        });
  }

  /** Items of visible ASCII characters, separated by commas. */
  static ValueFormat<List<String>> list() {
    return new ValueFormat<>("comma-separated list", ValueFormat::parseList);
  }

  /** Names of asymmetric signature algorithms. */
  static ValueFormat<List<String>> algorithms() {
    return new ValueFormat<>(
        "comma-separated list of " + String.join(", ", ALGORITHMS),
        text ->
            switch (parseList(text)) {
              case Valid<List<String>>(List<String> items) -> checkAlgorithms(items);
              case Invalid<List<String>> fault -> fault;
            });
  }

  private static ParsedValue<List<String>> parseList(String text) {
    List<String> items = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String item = part.strip();
      if (item.isEmpty()) {
        return new Invalid<>("has an empty item");
      }
      if (!Ascii.isVisible(item)) {
        return new Invalid<>("has an item with a space or a character outside visible ASCII");
      }
      items.add(item);
    }
    return new Valid<>(List.copyOf(items));
  }

  /** RFC 8725 §2.1, §3.1: a public key must never serve as the secret of an HMAC. */
  private static ParsedValue<List<String>> checkAlgorithms(List<String> items) {
    for (String item : items) {
      String name = item.toUpperCase(Locale.ROOT);
      if (name.equals("NONE")) {
        return new Invalid<>("has \"none\", which means unsigned: anyone could forge a token");
      }
      if (name.startsWith("HS")) {
        return new Invalid<>(
            "has a symmetric algorithm (HS...): anyone who knows the public key could forge a"
                + " token");
      }
      if (!ALGORITHMS.contains(item)) {
        return new Invalid<>("has an item that is no such algorithm");
      }
    }
    return new Valid<>(items);
  }
}
