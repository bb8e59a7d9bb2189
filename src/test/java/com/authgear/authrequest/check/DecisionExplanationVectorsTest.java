package com.authgear.authrequest.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.Presented;
import com.authgear.authrequest.credential.RequestFields;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.serve.Decider;
import com.authgear.authrequest.serve.Observers;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.vectors.VectorAuthgear;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Each language-neutral vector, explained: {@code check} says what {@code /auth} answers (which
 * {@code VectorsTest} holds against the same file), and its steps lead there.
 */
class DecisionExplanationVectorsTest {
  private static final CryptoProvider CRYPTO = CryptoProvider.choose();

  private static VectorAuthgear authgear;
  private static int held;
  private static int explained;

  @BeforeAll
  static void start() throws Exception {
    authgear = VectorAuthgear.start();
  }

  @AfterAll
  static void stop() {
    assertThat(held).isGreaterThan(50);
    assertThat(explained).isGreaterThan(100);
    authgear.close();
  }

  @TestFactory
  Stream<DynamicTest> explanation_leadsToWhatTheServiceAnswers() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(VectorAuthgear.FOLDER)) {
      files =
          all.filter(file -> file.toString().endsWith(".json"))
              .filter(file -> !file.endsWith("keys.json") && !file.endsWith("key-sets.json"))
              .sorted()
              .toList();
    }
    assertThat(files).hasSizeGreaterThanOrEqualTo(6);
    return files.stream()
        .flatMap(
            file -> {
              JsonNode document = VectorAuthgear.read(file);
              return document
                  .get("vectors")
                  .valueStream()
                  .map(
                      vector ->
                          dynamicTest(
                              file.getFileName() + ": " + vector.get("name").textValue(),
                              () -> check(document, vector)));
            });
  }

  private static void check(JsonNode document, JsonNode vector) {
    authgear.resolveAs(vector);
    InstantSource clock =
        InstantSource.fixed(Instant.ofEpochSecond(document.get("now").longValue()));
    Settings settings = settings(document, vector);
    DecisionExplanation explanation;
    List<ResolverAnswer> heard = new ArrayList<>();
    try (Decider decider =
        new Decider(
            settings,
            clock,
            System::nanoTime,
            () -> CRYPTO,
            Observers.ofCalls((answer, _) -> heard.add(answer)))) {
      assertThat(decider.keys().load()).isNull();
      explanation =
          DecisionExplanation.of(
              "a vector", fields(vector), location(vector), settings, decider, heard, clock);
      assertThatRulesAreHeldAsTheOracleHoldsThem(decider, settings, vector, clock.instant());
      assertThatTheTrailIsWhatTheOracleFinds(decider, settings, vector, clock.instant());
    }

    JsonNode expected = vector.get("expect");
    assertThat(explanation.status()).isEqualTo(expected.get("status").intValue());
    String reason = expected.path("reason").textValue();
    assertThat(explanation.reason())
        .isEqualTo(reason == null ? null : Reason.valueOf(reason.toUpperCase(Locale.ROOT)));
    Map<String, String> headers = new LinkedHashMap<>(explanation.headers());
    headers.remove("Set-Cookie");
    assertThat(headers).isEqualTo(headers(expected));
    assertThat(explanation.agrees()).as("%s", explanation.steps()).isTrue();
    List<CheckResult> failed = explanation.steps().stream().filter(CheckResult::isFailed).toList();
    if (reason == null) {
      assertThat(failed).isEmpty();
    } else {
      assertThat(failed)
          .first()
          .extracting(CheckResult::reason)
          .isEqualTo(Reason.valueOf(reason.toUpperCase(Locale.ROOT)));
    }
    assertThat(explanation.steps())
        .allSatisfy(line -> assertThat(line.text()).isNotBlank().matches("[ -~]*"));
    vector
        .path("authorization")
        .forEach(
            value -> {
              String signature = value.textValue().replaceFirst(".*\\.", "");
              if (signature.length() > 40) {
                assertThat(explanation.toString()).doesNotContain(signature);
              }
            });
  }

  private static void assertThatRulesAreHeldAsTheOracleHoldsThem(
      Decider decider, Settings settings, JsonNode vector, Instant now) {
    Rules rules =
        switch (location(vector)) {
          case DecisionExplanation.ByQuery(String text) ->
              decider.requirements().ofQuery(text) instanceof Rules known ? known : null;
          case DecisionExplanation.ByPolicy(String name) -> decider.requirements().ofPolicy(name);
        };
    if (rules == null) {
      return;
    }
    Verification verification =
        decider
            .authenticator()
            .verify(
                decider.credentials().extract(fields(vector)),
                rules,
                () -> new Caller(null, null, null))
            .await();
    if (verification instanceof Verified verified) {
      held++;
      assertThat(RuleLinesTest.steps(RuleLines.of(verified.principal(), rules, now)))
          .isEqualTo(
              RequirementSteps.of(
                  verified.principal(),
                  rules.requirement().print(),
                  settings.tokens().audiences(),
                  settings.tokens().clientIds(),
                  settings.project().endpoint().toString(),
                  now.getEpochSecond()));
    }
  }

  /** Each line of the verifier's trail: the same ids, reasons, texts and fixes in the same turn. */
  private static void assertThatTheTrailIsWhatTheOracleFinds(
      Decider decider, Settings settings, JsonNode vector, Instant now) {
    if (decider.credentials().extract(fields(vector)) instanceof Presented bearer
        && bearer.place() == CredentialPlace.BEARER) {
      String token = bearer.value();
      Verification verdict = decider.jwt().verify(token, Digest.ofToken(token)).await();
      List<CheckResult> found =
          TokenLines.of(
              decider.jwt().explain(token), token, settings, decider.keys().algorithms(), now);
      explained++;
      assertThat(found)
          .usingElementComparator(
              DecisionExplanationVectorsTest::compareAllButWhatIsWrongWithTheForm)
          .isEqualTo(TokenSteps.of(token, settings, decider.keys().algorithms(), verdict, now));
    }
  }

  /** The verifier decodes all three parts first, the oracle one after the other. */
  private static int compareAllButWhatIsWrongWithTheForm(CheckResult one, CheckResult other) {
    boolean form = one.id().equals("form") && one.isFailed() && other.isFailed();
    return one.equals(other)
            || (form && one.id().equals(other.id()) && one.reason() == other.reason())
        ? 0
        : 1;
  }

  private static Map<String, String> headers(JsonNode expected) {
    Map<String, String> headers = new HashMap<>();
    expected
        .path("headers")
        .properties()
        .forEach(header -> headers.put(header.getKey(), header.getValue().textValue()));
    if (expected.has("reason")) {
      headers.put("x-auth-reason", expected.get("reason").textValue());
    }
    if (expected.has("challenge")) {
      headers.put("WWW-Authenticate", expected.get("challenge").textValue());
    }
    return headers;
  }

  private static RequestFields fields(JsonNode vector) {
    Map<String, List<String>> fields = new HashMap<>();
    vector.path("authorization").forEach(value -> add(fields, "authorization", value.textValue()));
    vector.path("cookie").forEach(value -> add(fields, "cookie", value.textValue()));
    vector
        .path("fields")
        .forEach(pair -> add(fields, pair.get(0).textValue(), pair.get(1).textValue()));
    return name -> fields.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
  }

  /** As a server strips white space around values. */
  private static void add(Map<String, List<String>> fields, String name, String value) {
    fields
        .computeIfAbsent(name.toLowerCase(Locale.ROOT), _ -> new ArrayList<>())
        .add(value.strip());
  }

  /** As the service reads its URL. */
  private static DecisionExplanation.RequirementSource location(JsonNode vector) {
    String path = vector.path("path").asText("/auth");
    String query = vector.path("require").asText("");
    int mark = path.indexOf('?');
    if (path.equals("/auth") || path.startsWith("/auth?")) {
      return new DecisionExplanation.ByQuery(mark < 0 ? query : path.substring(mark + 1));
    }
    String plain = mark < 0 ? path : path.substring(0, mark);
    if (plain.startsWith("/auth/")) {
      return new DecisionExplanation.ByPolicy(plain.substring("/auth/".length()));
    }
    String rest = plain.substring("/ext-authz/".length());
    int end = rest.indexOf('/');
    return new DecisionExplanation.ByPolicy(end < 0 ? rest : rest.substring(0, end));
  }

  private static Settings settings(JsonNode document, JsonNode vector) {
    return switch (SettingsReader.read(authgear.environment(document, vector))) {
      case Accepted accepted -> accepted.settings();
      case Refused refused -> throw new AssertionError(refused.report());
    };
  }
}
