package com.authgear.authrequest.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.demo.Demo;
import com.authgear.authrequest.demo.Demo.Ports;
import com.authgear.authrequest.support.Chromium;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.Programs;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The playground as a person uses it: the demo with real nginx, in a real Chromium. */
class PlaygroundIT {

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  /** Where {@code mvn verify} leaves the picture for the README; see CONTRIBUTING. */
  private static final Path PICTURE = Path.of("target", "playground.png");

  /** Text whose contrast is less than WCAG 2.2 asks for (1.4.3, level AA). */
  private static final String FAINT_TEXT =
      """
      (() => {
        const parts = color => color.match(/[0-9.]+/g).map(Number);
        const light = color => {
          const [r, g, b] = parts(color).map(value => {
            const part = value / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = element => {
          const color = getComputedStyle(element).backgroundColor;
          return parts(color)[3] === 0 ? behind(element.parentElement) : color;
        };
        return [...document.body.querySelectorAll('*')]
          .filter(element => element.checkVisibility() && !element.disabled)
          .filter(element => element.tagName !== 'SCRIPT')
          .filter(element => [...element.childNodes]
            .some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()))
          .map(element => {
            const both = [light(getComputedStyle(element).color), light(behind(element))];
            const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
            return [ratio, ratio.toFixed(2) + ' ' + element.outerHTML.slice(0, 80)];
          })
          .filter(([ratio]) => ratio < 4.5)
          .map(([, text]) => text);
      })()\
      """;

  private static Chromium browser;
  private static Demo demo;
  private static String playground;

  @BeforeAll
  static void start() throws Exception {
    Programs.require("nginx");
    browser = Chromium.start();
    Ports ports = FreePort.ofDemo();
    demo = Demo.start(InstantSource.system(), "test", ports);
    playground = "http://127.0.0.1:" + ports.sandbox() + "/";
    HttpRequest readiness =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ports.management() + "/readyz"))
            .build();
    soon().until(() -> HTTP.send(readiness, BodyHandlers.discarding()).statusCode() == 200);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    if (demo != null) {
      demo.close();
    }
  }

  @BeforeEach
  void open() {
    browser.forgetEvents();
    browser.open(playground, 1280, 900);
    awaitCredential("Authorization: Bearer ey");
  }

  @AfterEach
  void nothingWentWrongInTheBrowser() {
    assertThat(browser.events("Runtime.exceptionThrown")).isEmpty();
    assertThat(browser.events("Runtime.consoleAPICalled")).isEmpty();
    // Violations of the Content-Security-Policy are entries too.
    assertThat(browser.events("Log.entryAdded")).isEmpty();
    assertThat(browser.events("Network.requestWillBeSent"))
        .isNotEmpty()
        .extracting(event -> event.path("request").path("url").asText())
        .allMatch(url -> url.startsWith(playground) || url.startsWith("data:"));
    assertThat(text("trouble")).isEmpty();
  }

  // ---- What a person does and sees

  /** With time for a browser on a busy machine. */
  private static ConditionFactory soon() {
    return Awaitility.await().atMost(Duration.ofSeconds(30));
  }

  private static String text(String id) {
    return browser.evaluate("document.getElementById('" + id + "').textContent").asText();
  }

  private static String credential() {
    return browser.evaluate("document.getElementById('credential').value").asText();
  }

  private static void awaitCredential(String beginning) {
    soon().until(() -> credential().startsWith(beginning));
  }

  private static void click(String id) {
    browser.evaluate("document.getElementById('" + id + "').click()");
  }

  private static void choose(String user, String kind, String place) {
    String before = credential();
    click("user-" + user);
    soon().until(() -> user.equals("alice") || !credential().equals(before));
    if (!kind.equals("jwt")) {
      String jwt = credential();
      browser.evaluate(
          "{ const kind = document.getElementById('kind'); kind.value = '"
              + kind
              + "'; kind.dispatchEvent(new Event('change', { bubbles: true })) }");
      soon().until(() -> !credential().equals(jwt));
    }
    click("place-" + place);
  }

  private static int lines() {
    return browser
        .evaluate("document.querySelectorAll('#log tr:not(.event) .badge').length")
        .intValue();
  }

  /** Sends one request and waits for its line in the timeline. */
  private static String send() {
    int before = lines();
    click("send");
    soon().until(() -> lines() > before);
    return text("status");
  }

  private static void change(String button) {
    int before = events();
    click(button);
    soon().until(() -> events() > before);
  }

  private static void renew() {
    String old = credential();
    click("renew");
    soon().until(() -> !credential().equals(old));
  }

  private static int events() {
    return browser.evaluate("document.querySelectorAll('#log tr.event').length").intValue();
  }

  private static String row(String header) {
    return browser
        .evaluate(
            "[...document.querySelectorAll('#headers tr')]"
                + ".find(row => row.cells[0].textContent === '"
                + header
                + "').innerText")
        .asText();
  }

  private static List<String> steps(String state) {
    List<String> steps = new ArrayList<>();
    browser
        .evaluate(
            "[...document.querySelectorAll('#steps ."
                + state
                + " .title')].map(t => t.textContent)")
        .forEach(title -> steps.add(title.asText()));
    return steps;
  }

  // ---- Decisions

  @Test
  void alicesToken_isLetInStepByStep() {
    assertThat(send()).isEqualTo("200");
    assertThat(text("what")).isEqualTo("Let in");
    assertThat(steps("passed"))
        .containsExactly(
            "Credentials", "Token", "Signature", "Claims", "Session", "Requirement", "Answer");
    assertThat(text("steps"))
        .contains("typ at+jwt, alg RS256")
        .contains("Authgear's current one")
        .contains("the resolver was asked: valid, roles admin,editor");
    assertThat(row("x-authgear-user-roles"))
        .isEqualTo("x-authgear-user-roles\t\u2013\tadmin,editor");
    assertThat(row("x-authgear-user-id")).contains("a11ce000-0000-4000-8000-000000000001");
    assertThat(browser.evaluate("document.querySelectorAll('#path .asked').length").intValue())
        .isEqualTo(5);

    assertThat(send()).isEqualTo("200");
    assertThat(text("steps")).contains("the resolver was not asked");
  }

  @ParameterizedTest
  @CsvSource({
    "none, /, 401, no_credentials, Credentials",
    "id_token, /, 401, wrong_type, Token",
    "tampered, /, 401, bad_signature, Signature",
    "other_project, /, 401, unknown_key, Signature",
    "expired, /, 401, expired, Claims",
    "wrong_audience, /, 401, wrong_audience, Requirement",
    "machine, /, 403, principal_not_allowed, Requirement",
    "jwt, /machines/, 403, principal_not_allowed, Requirement",
    "signed_in_long_ago, /settings/, 401, stale_authentication, Requirement",
  })
  void whatIsNotGood_isRefusedAtItsStep(
      String kind, String place, String status, String reason, String step) {
    choose("carol", kind, place);
    assertThat(send()).isEqualTo(status);
    assertThat(text("why")).endsWith("reason " + reason);
    assertThat(steps("failed")).containsExactly(step, "Answer");
    assertThat(text("received")).isEqualTo("the backend was not asked");
  }

  @ParameterizedTest
  @CsvSource({
    "cookie, /, x-authgear-user-id, b0b00000-0000-4000-8000-000000000002",
    "opaque, /, x-authgear-user-id, b0b00000-0000-4000-8000-000000000002",
    "jwt, /settings/, x-authgear-client-id, sandbox-app",
    "machine, /machines/, x-authgear-client-id, sandbox-worker",
    "jwt, /catalog/, x-authgear-user-id, b0b00000-0000-4000-8000-000000000002",
  })
  void whatIsGood_reachesTheBackendWithItsIdentity(
      String kind, String place, String header, String value) {
    choose("bob", kind, place);
    assertThat(send()).isEqualTo("200");
    assertThat(row(header)).isEqualTo(header + "\t\u2013\t" + value);
    assertThat(steps("failed")).isEmpty();
  }

  @Test
  void expiredTokenWhereUsersAreOptional_isLetInAsNobody() {
    choose("bob", "expired", "/catalog/");
    assertThat(send()).isEqualTo("200");
    assertThat(steps("failed")).containsExactly("Claims");
    assertThat(row("x-authgear-user-id")).isEqualTo("x-authgear-user-id\t\u2013\t\u2013");
  }

  @ParameterizedTest
  @CsvSource({"/, replaced", "/public/, removed"})
  void forgedHeaders_areShownAsCleared(String place, String userId) {
    choose("alice", "jwt", place);
    click("forged");
    assertThat(send()).isEqualTo("200");
    assertThat(row("x-authgear-user-id")).contains("mallory " + userId);
    assertThat(row("x-authgear-session-acr")).contains("mallory removed");
    assertThat(row("x_authgear_user_id")).contains("mallory removed");
    assertThat(text("headers")).doesNotContain("passed through");
    assertThat(text("received")).contains("host:").doesNotContain("mallory");
  }

  // ---- Changes

  @Test
  void disabledUser_isRefusedAtOnceBecauseOfTheWebhook() {
    choose("erin", "jwt", "/");
    assertThat(send()).isEqualTo("200");
    change("disable");
    assertThat(text("log")).contains("disable erin", "webhook user.disabled sent");
    Awaitility.await().atMost(Duration.ofSeconds(4)).until(() -> send().equals("401"));
    assertThat(text("why")).endsWith("reason session_invalid");
    assertThat(text("log")).contains("s after: disable erin");
    assertThat(text("users")).contains("disabled");
    change("disable");
    assertThat(send()).as("enabling brings no session back").isEqualTo("401");
    renew();
    Awaitility.await().atMost(Duration.ofSeconds(4)).until(() -> send().equals("200"));
  }

  @Test
  void disabledUserWhoseWebhookIsLost_isRefusedWithinTheRecheck() {
    choose("erin", "jwt", "/");
    change("webhooks");
    try {
      assertThat(send()).isEqualTo("200");
      change("disable");
      assertThat(text("log")).contains("webhook user.disabled lost");
      assertThat(send()).isEqualTo("200");
      Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> send().equals("401"));
      change("disable");
    } finally {
      change("webhooks");
    }
  }

  @Test
  void loggedOutUser_isRefusedWithinTheRecheck() {
    choose("alice", "jwt", "/");
    assertThat(send()).isEqualTo("200");
    change("logout");
    Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> send().equals("401"));
    assertThat(text("log")).contains("s after: log alice out");
  }

  @Test
  void givenRole_opensTheLocationToTheSameToken() {
    choose("bob", "jwt", "/admin/");
    assertThat(send()).isEqualTo("403");
    assertThat(text("why")).endsWith("reason role_missing");
    assertThat(text("steps")).contains("at Authgear, bob now has no roles");
    String token = credential();
    change("role");
    Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> send().equals("200"));
    assertThat(credential()).isEqualTo(token);
    assertThat(text("log")).contains("s after: give admin to bob");
    // Each line tells of one state: no refusal without its reason.
    assertThat(
            browser
                .evaluate(
                    "[...document.querySelectorAll('#log tr:not(.event)')]"
                        + ".every(row => (row.cells[2].innerText === '200')"
                        + " === (row.cells[3].innerText === '\u2013'))")
                .asBoolean())
        .isTrue();
    change("role");
    Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> send().equals("403"));
  }

  @Test
  void rotatedKeys_changeNothingForOldAndNewTokens() {
    String old = credential();
    assertThat(send()).isEqualTo("200");
    change("rotate");
    assertThat(send()).isEqualTo("200");
    assertThat(text("steps")).contains("an older one, still published");
    click("renew");
    soon().until(() -> !credential().equals(old));
    // The service may have looked for an unknown key a moment ago, and waits before it does again.
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> send().equals("200"));
    assertThat(text("steps")).contains("Authgear's current one");
  }

  @Test
  void resolverDown_letsNobodyInUntilItIsBack() {
    choose("bob", "cookie", "/");
    change("resolver");
    try {
      assertThat(send()).isEqualTo("500");
      assertThat(text("what")).startsWith("Not decided, so not let in");
      assertThat(text("steps"))
          .contains("it closed the connection")
          .contains("503; nginx makes it 500: nobody is let in");
    } finally {
      change("resolver");
    }
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> send().equals("200"));
  }

  @Test
  void repetition_goesOnUntilItsMinuteIsOver() {
    click("repeat");
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> lines() >= 3);
    browser.evaluate("{ const now = performance.now(); performance.now = () => now + 60001; }");
    soon().until(() -> !browser.evaluate("document.getElementById('repeat').checked").asBoolean());
  }

  // ---- The page

  @Test
  void markupInACredential_isShownAsText() {
    String header = "eyJhbGciOiI8aW1nIHNyYz14PiJ9"; // {"alg":"<img src=x>"}
    browser.evaluate(
        "{ const box = document.getElementById('credential'); box.value = 'Authorization: Bearer "
            + header
            + "."
            + header
            + ".x'; box.dispatchEvent(new Event('input')); }");
    assertThat(send()).isEqualTo("401");
    assertThat(text("steps")).contains("alg <img src=x>");
    assertThat(text("claims")).contains("<img src=x>");
    assertThat(browser.evaluate("document.querySelectorAll('img').length").intValue()).isZero();
  }

  @Test
  void everyControl_hasAName() {
    Set<String> controls = Set.of("radio", "checkbox", "combobox", "textbox", "button", "link");
    int found = 0;
    for (JsonNode node :
        browser.send("Accessibility.getFullAXTree", Map.of()).json().path("nodes")) {
      if (controls.contains(node.path("role").path("value").asText())
          && !node.path("ignored").asBoolean()) {
        found++;
        assertThat(node.path("name").path("value").asText()).as("%s", node).isNotBlank();
      }
    }
    assertThat(found).isGreaterThan(20);
  }

  @Test
  void keyboard_reachesEverythingAndSends() {
    Set<String> reached = new LinkedHashSet<>();
    for (int i = 0; i < 40; i++) {
      browser.press("Tab", 9);
      reached.add(browser.evaluate("document.activeElement.id").asText());
    }
    assertThat(reached)
        .contains(
            "user-alice",
            "kind",
            "credential",
            "place-/",
            "forged",
            "repeat",
            "send",
            "renew",
            "disable",
            "logout",
            "role",
            "webhooks",
            "rotate",
            "resolver");
    browser.evaluate("document.getElementById('place-/').focus()");
    browser.press("ArrowDown", 40);
    assertThat(browser.evaluate("document.activeElement.id").asText()).isEqualTo("place-/admin/");
    browser.press("Enter", 13);
    soon().until(() -> text("status").equals("200"));
    assertThat(text("why")).contains("/admin/");
  }

  @ParameterizedTest
  @CsvSource({"1280", "1024", "400"})
  void page_fitsItsWindow(int width) {
    assertThat(send()).isEqualTo("200");
    browser.size(width, 900);
    assertThat(browser.evaluate("document.documentElement.scrollWidth").intValue())
        .isLessThanOrEqualTo(width);
  }

  @ParameterizedTest
  @ValueSource(strings = {"light", "dark"})
  void text_standsOutFromItsBackground(String scheme) throws IOException {
    browser.send(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    try {
      choose("bob", "jwt", "/admin/");
      click("forged");
      assertThat(send()).isEqualTo("403");
      click("place-/");
      assertThat(send()).isEqualTo("200");
      change("webhooks");
      change("webhooks");
      List<String> faint = new ArrayList<>();
      browser.evaluate(FAINT_TEXT).forEach(text -> faint.add(text.asText()));
      assertThat(faint).isEmpty();
      Files.write(Path.of("target", "playground-" + scheme + ".png"), browser.screenshot());
    } finally {
      browser.send("Emulation.setEmulatedMedia", Map.of("features", List.of()));
    }
  }

  @Test
  void picture_forTheReadme() throws IOException {
    choose("bob", "jwt", "/admin/");
    click("forged");
    assertThat(send()).isEqualTo("403");
    click("repeat");
    soon().until(() -> lines() >= 3);
    change("role");
    Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> text("status").equals("200"));
    int seen = lines();
    soon().until(() -> lines() >= seen + 2);
    click("repeat");
    int height = browser.evaluate("document.documentElement.scrollHeight").intValue();
    browser.size(1280, height);
    byte[] picture = browser.screenshot();
    assertThat(picture).hasSizeBetween(20_000, 600_000);
    Files.write(PICTURE, picture);
    change("role");
  }
}
