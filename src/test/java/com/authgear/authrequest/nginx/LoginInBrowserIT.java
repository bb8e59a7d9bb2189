package com.authgear.authrequest.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.demo.Demo;
import com.authgear.authrequest.demo.Demo.Ports;
import com.authgear.authrequest.support.Chromium;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.Programs;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A person's login at the demo's website, in a real Chromium through a real nginx. */
class LoginInBrowserIT {

  private static Chromium browser;
  private static Demo demo;
  private static String site;
  private static String sandbox;

  /** Moved by tests, so that a login grows old; never back. */
  private static final AtomicReference<Duration> LATER = new AtomicReference<>(Duration.ZERO);

  @BeforeAll
  static void start() throws Exception {
    Programs.require("nginx");
    browser = Chromium.start();
    Ports ports = FreePort.ofDemo();
    demo = Demo.start(() -> Instant.now().plus(LATER.get()), "test", ports);
    site = "http://127.0.0.1:" + ports.nginx();
    sandbox = "http://127.0.0.1:" + ports.sandbox();
    HttpRequest readiness =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ports.management() + "/readyz"))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      soon().until(() -> http.send(readiness, BodyHandlers.discarding()).statusCode() == 200);
    }
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
  void forget() {
    browser.send("Network.clearBrowserCookies", Map.of());
    browser.forgetEvents();
  }

  /** With time for a browser on a busy machine. */
  private static ConditionFactory soon() {
    return Awaitility.await().atMost(Duration.ofSeconds(30));
  }

  private static void go(String url) {
    browser.send("Page.navigate", Map.of("url", url));
  }

  private static void awaitPage(String beginning) {
    soon()
        .untilAsserted(
            () ->
                assertThat(browser.evaluate("document.readyState + ' ' + location.href").asText())
                    .startsWith("complete " + beginning));
  }

  /** The page's text: the echo backend shows what it received. */
  private static String text() {
    return browser.evaluate("document.documentElement.innerText").asText();
  }

  private static void choose(String user) {
    browser.evaluate(
        "document.querySelector('button[name=sandbox_user][value=" + user + "]').click()");
  }

  private static void awaitLogin() {
    awaitPage(sandbox + "/oauth2/authorize?");
  }

  private static List<String> cookieNames() {
    return browser
        .send("Network.getCookies", Map.of("urls", List.of(site + "/_authgear/login")))
        .json()
        .path("cookies")
        .findValuesAsText("name");
  }

  private static void logIn(String user, String page) {
    go(site + page);
    awaitLogin();
    choose(user);
    awaitPage(site + page);
  }

  @Test
  void page_afterALogin_isTheOneThatWasOpened() {
    go(site + "/orders/7?tab=a&q=b%20c#part");
    awaitLogin();
    assertThat(cookieNames()).containsExactly("authgear_login_from");
    assertThat(browser.evaluate("location.search").asText()).doesNotContain("orders", "tab");

    choose("alice");

    awaitPage(site + "/orders/7?tab=a&q=b%20c");
    assertThat(text())
        .contains("\"x-authgear-user-id\" : [ \"a11ce000-0000-4000-8000-000000000001\" ]");
    assertThat(cookieNames()).contains("session").doesNotContain("authgear_login_from");
  }

  @Test
  void page_thatWantsARecentLogin_asksForOneAndComesBack() {
    logIn("alice", "/settings/a?b=c");
    LATER.updateAndGet(later -> later.plusSeconds(120));

    go(site + "/settings/a?b=d");

    awaitLogin();
    assertThat(browser.evaluate("location.search").asText()).endsWith("&prompt=login");
    assertThat(text()).contains("Sign in as alice");
    choose("alice");
    awaitPage(site + "/settings/a?b=d");
    assertThat(text()).contains("\"x-authgear-session-valid\" : [ \"true\" ]");
  }

  @Test
  void logout_endsTheSession() {
    logIn("bob", "/orders");
    // From a page of the same site, as a link there.
    String away =
        sandbox
            + "/oauth2/end_session?post_logout_redirect_uri="
            + URLEncoder.encode(site + "/public/", StandardCharsets.UTF_8);
    browser.evaluate("void (location.href = '" + away + "')");
    awaitPage(site + "/public/");
    assertThat(cookieNames()).doesNotContain("session");

    go(site + "/orders");

    awaitLogin();
  }

  @Test
  void script_getsThe401() {
    logIn("alice", "/public-page");
    browser.send("Network.clearBrowserCookies", Map.of());

    JsonNode status = browser.evaluate("fetch('/orders').then(answer => answer.status)");

    assertThat(status.intValue()).isEqualTo(401);
  }

  @Test
  void frame_getsThe401() {
    go(site + "/public/");
    awaitPage(site + "/public/");
    browser.evaluate(
        """
        new Promise(loaded => {
          const frame = document.createElement('iframe');
          frame.onload = () => loaded(true);
          frame.src = '/orders';
          document.body.append(frame);
        })\
        """);

    assertThat(browser.events("Network.responseReceived"))
        .filteredOn(event -> event.path("response").path("url").asText().equals(site + "/orders"))
        .extracting(event -> event.path("response").path("status").intValue())
        .containsExactly(401);
  }

  @Test
  void refusedLogin_goesNowhere() {
    go(site + "/orders");
    awaitLogin();

    browser.evaluate("document.querySelector('button[name=sandbox_refuse]').click()");

    awaitPage(site + "/_authgear/login?error=access_denied");
    assertThat(text()).contains("The login did not succeed.");
  }

  /** The way back as an attacker would have it, set in the browser during the login. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example/",
        "/%5cevil.example/",
        "/%09/evil.example/",
        "/.//evil.example/"
      })
  void cookieThatWasChanged_leadsToTheFirstPage(String value) {
    go(site + "/orders");
    awaitLogin();
    browser.send(
        "Network.setCookie",
        Map.of(
            "name",
            "authgear_login_from",
            "value",
            value,
            "domain",
            "127.0.0.1",
            "path",
            "/_authgear/login"));

    choose("alice");

    soon()
        .untilAsserted(
            () -> assertThat(browser.evaluate("location.href").asText()).isEqualTo(site + "/"));
    assertThat(browser.events("Network.requestWillBeSent"))
        .extracting(event -> event.path("request").path("url").asText())
        .noneMatch(url -> url.contains("evil.example"));
  }

  /** What a browser makes of links, before it asks for them, and of redirects to them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/orders&prompt=none",
        "/orders?x&prompt=none&client_id=evil&redirect_uri=https://evil.example/",
        "/orders?x=a;Path=/;Domain=evil",
        "/orders?x=%0d%0aLocation:%20https://evil.example/"
      })
  void parametersOfALink_neverReachTheLogin(String link) {
    go(site + link);
    awaitLogin();

    assertThat(browser.evaluate("location.search").asText())
        .isEqualTo(
            "?response_type=none&scope=openid&client_id=sandbox-website&redirect_uri="
                + URLEncoder.encode(site + "/_authgear/login", StandardCharsets.UTF_8));
    choose("bob");
    awaitPage(site + "/orders");
  }
}
