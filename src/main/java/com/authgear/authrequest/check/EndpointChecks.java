package com.authgear.authrequest.check;

import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.verify.HttpProbe;
import com.authgear.authrequest.verify.HttpProbe.Answered;
import com.authgear.authrequest.verify.HttpProbe.Failed;
import com.authgear.authrequest.verify.jwt.Keys;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the project says about itself: discovery document, issuer, keys, time. */
final class EndpointChecks {

  private static final String DISCOVERY = "/.well-known/openid-configuration";
  private static final Duration NOTABLE_SKEW = Duration.ofSeconds(5);
  private static final Pattern ORIGIN = Pattern.compile("https?://[A-Za-z0-9.:\\[\\]-]{1,255}");
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Settings settings;
  private final Keys keys;
  private final Duration timeout;
  private final InstantSource clock;

  EndpointChecks(Settings settings, Keys keys, Duration timeout, InstantSource clock) {
    this.settings = settings;
    this.keys = keys;
    this.timeout = timeout;
    this.clock = clock;
  }

  /** The setting that says where to connect. */
  static String whereSetting(Settings settings) {
    return settings.project().connectTo().equals(settings.project().endpoint())
        ? "AUTHGEAR_ENDPOINT"
        : "AUTHGEAR_INTERNAL_URL";
  }

  void check(List<CheckResult> lines) {
    String problem = keys.load();
    HttpProbe.ProbeResult result =
        HttpProbe.get(
            settings.project().connectTo(), DISCOVERY, settings.project().endpoint(), timeout);
    int before = lines.size();
    switch (result) {
      case Failed failed ->
          lines.add(
              CheckResult.failed(
                  "discovery",
                  where() + " gave no answer: " + Printable.text(failed.cause().toString()),
                  "see whether Authgear runs, and what is in between"));
      case Answered answered -> discovery(answered, lines);
    }
    CheckResult last = lines.getLast();
    if (lines.size() > before && last.isFailed()) {
      lines.add(CheckResult.notTried("keys", last.id() + " failed"));
    } else if (problem != null) {
      lines.add(
          CheckResult.failed(
              "keys",
              Printable.text(problem),
              "correct what this says; until then no JWT can be verified"));
    } else {
      lines.add(keys());
    }
    if (result instanceof Answered answered) {
      lines.add(time(answered.date()));
    } else {
      lines.add(CheckResult.notTried("clock", "discovery failed"));
    }
  }

  private String where() {
    return settings.project().connectTo() + DISCOVERY;
  }

  private void discovery(Answered answered, List<CheckResult> lines) {
    int status = answered.status();
    if (status >= 300 && status < 400) {
      lines.add(redirected(answered));
      return;
    }
    if (status == 404) {
      lines.add(
          CheckResult.failed(
              "discovery",
              where() + " answers 404 for the host of " + settings.project().endpoint(),
              settings.project().connectTo().equals(settings.project().endpoint())
                  ? "no Authgear project has this origin: copy it from the portal into"
                      + " AUTHGEAR_ENDPOINT"
                  : "no Authgear project has the origin AUTHGEAR_ENDPOINT, or AUTHGEAR_INTERNAL_URL"
                      + " leads to another server"));
      return;
    }
    if (status != 200) {
      lines.add(
          CheckResult.failed(
              "discovery",
              where() + " answers " + status,
              status >= 500
                  ? "Authgear, or a proxy in front of it, has failed: look at its logs"
                  : "something in front of Authgear refuses this: let this service through without"
                      + " login"));
      return;
    }
    JsonNode document = json(answered.body());
    if (document == null) {
      boolean page = answered.contentType().contains("html");
      lines.add(
          CheckResult.failed(
              "discovery",
              where()
                  + " answers with "
                  + (page ? "a web page" : "something that is no JSON object")
                  + (answered.contentType().isEmpty()
                      ? ""
                      : " (" + Printable.text(answered.contentType()) + ")"),
              "a login page, a gateway or another site answers there: "
                  + whereSetting(settings)
                  + " must lead to Authgear itself"));
      return;
    }
    lines.add(CheckResult.ok("discovery", where()));
    lines.add(issuer(document));
  }

  private CheckResult redirected(Answered answered) {
    String target = answered.redirect();
    String text =
        where()
            + " redirects ("
            + answered.status()
            + ")"
            + (target == null ? "" : " to " + Printable.text(target));
    if (target != null && !target.equals(settings.project().endpoint().toString())) {
      return CheckResult.failed(
          "discovery",
          text,
          "set AUTHGEAR_ENDPOINT="
              + Printable.text(target)
              + " if that is the project's origin"
              + loopbackNote(target));
    }
    return CheckResult.failed(
        "discovery",
        text,
        settings.project().connectTo().equals(settings.project().endpoint())
            ? "AUTHGEAR_ENDPOINT must be the project's public origin, as its portal shows it"
            : "a proxy between here and Authgear changes Host, X-Forwarded-Host or"
                + " X-Forwarded-Proto: it must pass them on as they are");
  }

  private CheckResult issuer(JsonNode document) {
    String expected = settings.project().endpoint().toString();
    if (!document.path("issuer").isTextual()) {
      return CheckResult.failed(
          "issuer",
          "the discovery document names no issuer",
          whereSetting(settings) + " leads to something that is no Authgear");
    }
    String found = document.get("issuer").textValue();
    if (found.equals(expected)) {
      return CheckResult.ok("issuer", expected);
    }
    return CheckResult.failed(
        "issuer",
        "the project calls itself " + Printable.text(found) + ", not " + expected,
        ORIGIN.matcher(found).matches()
            ? "set AUTHGEAR_ENDPOINT=" + found + " if that is your project" + loopbackNote(found)
            : "an Authgear project calls itself by its origin, without a path or slash: something"
                + " else answers there, or its public origin is not set well");
  }

  private String loopbackNote(String other) {
    return isLoopback(URI.create(other).getHost())
            && isLoopback(settings.project().endpoint().getHost())
        ? "; localhost and 127.0.0.1 are two different origins"
        : "";
  }

  private static boolean isLoopback(@Nullable String host) {
    return host != null
        && (host.equals("localhost") || host.equals("[::1]") || host.startsWith("127."));
  }

  private static @Nullable JsonNode json(String body) {
    try {
      JsonNode node = JSON.readTree(body);
      return node != null && node.isObject() ? node : null;
    } catch (JsonProcessingException _) {
      return null;
    }
  }

  private CheckResult keys() {
    SortedMap<String, Set<String>> published = keys.algorithms();
    Set<String> allowed = settings.tokens().algorithms();
    List<String> told = new ArrayList<>();
    Set<String> possible = new TreeSet<>();
    boolean useless = false;
    boolean useful = false;
    for (var key : published.entrySet()) {
      Set<String> common = new TreeSet<>(key.getValue());
      possible.addAll(common);
      common.retainAll(allowed);
      useful |= !common.isEmpty();
      useless |= common.isEmpty();
      told.add(
          Printable.text(key.getKey())
              + " ("
              + String.join(", ", common.isEmpty() ? new TreeSet<>(key.getValue()) : common)
              + (common.isEmpty() ? ", not allowed" : "")
              + ")");
    }
    String text =
        (published.size() == 1 ? "1 key: " : published.size() + " keys: ")
            + String.join(", ", told);
    String setAlgorithms = "AUTHGEAR_ALGORITHMS is " + String.join(",", new TreeSet<>(allowed));
    if (!useful) {
      return CheckResult.failed(
          "keys",
          text + "; " + setAlgorithms,
          "add the algorithm that the project signs with to AUTHGEAR_ALGORITHMS, one of "
              + String.join(", ", possible));
    }
    Set<String> unused = new TreeSet<>(allowed);
    unused.removeAll(possible);
    if (useless || !unused.isEmpty()) {
      return CheckResult.warning(
          "keys",
          text
              + "; "
              + setAlgorithms
              + (unused.isEmpty() ? "" : ", and no key is for " + String.join(", ", unused)),
          useless
              ? "tokens that are signed with a key that is not allowed are refused: add its"
                  + " algorithm to AUTHGEAR_ALGORITHMS if they are meant to pass"
              : "leave out of AUTHGEAR_ALGORITHMS what the project does not use");
    }
    return CheckResult.ok("keys", text);
  }

  private CheckResult time(@Nullable Instant date) {
    if (date == null) {
      return CheckResult.skipped("clock", "not compared because the answer has no Date");
    }
    // Whole seconds: half of one is the best guess.
    Duration ahead = Duration.between(date.plusMillis(500), clock.instant());
    String text =
        "this clock is "
            + Printable.span(ahead)
            + (ahead.isNegative() ? " behind" : " ahead of")
            + " Authgear's";
    String allowed = "; AUTHGEAR_CLOCK_SKEW is " + settings.tokens().clockSkew().toSeconds() + " s";
    if (ahead.abs().compareTo(settings.tokens().clockSkew().plusSeconds(1)) > 0) {
      return CheckResult.failed(
          "clock",
          text + allowed,
          (ahead.isNegative()
                  ? "new tokens are refused as not yet valid"
                  : "tokens expire too early")
              + ": let NTP set the clocks of both machines");
    }
    if (ahead.abs().compareTo(NOTABLE_SKEW) > 0) {
      return CheckResult.warning(
          "clock", text + allowed, "let NTP set the clocks of both machines");
    }
    return CheckResult.ok("clock", text);
  }
}
