package com.authgear.authrequest.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.Site;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients and backend see while a part behind real nginx is down or slow. */
class OutageIT {

  private static final Duration PAST_THE_COOL_DOWN = Duration.ofSeconds(11);
  private static final TokenOptions FOR_A_DAY =
      TokenOptions.DEFAULTS.withExpiresIn(Duration.ofDays(1));

  private static Site site;
  private static Project project;

  @BeforeAll
  static void start() throws IOException {
    site = new Site();
    project = site.sandbox().project();
  }

  @AfterAll
  static void stop() {
    if (site != null) {
      site.close();
    }
  }

  @BeforeEach
  void reset() {
    site.reset();
    site.clock().advance(PAST_THE_COOL_DOWN);
  }

  private static double denied(String reason) {
    return site.metric("authgear_auth_decision_seconds_count", "reason=\"" + reason + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"DISCOVERY", "KEYS"})
  void keyServerDown_knownKeysWorkOnAndNewOnesFollowAfterwards(AuthgearEndpoint endpoint) {
    String known = project.accessToken("alice", FOR_A_DAY);
    double before = denied("keys_unavailable");
    assertThat(site.statusWith(known)).isEqualTo(200);

    site.sandbox().breakDown(endpoint, new Malfunction.Down());
    project.rotateKeys();
    String unknown = project.accessToken("alice", FOR_A_DAY);
    assertThat(site.statusWith(unknown)).as("perhaps good, no one knows").isEqualTo(500);
    assertThat(site.statusWith(known)).isEqualTo(200);
    site.clock().advance(Duration.ofHours(3));
    assertThat(site.statusWith(unknown)).isEqualTo(500);
    assertThat(site.statusWith(known)).as("three hours later").isEqualTo(200);
    assertThat(denied("keys_unavailable") - before).isEqualTo(2);
    assertThat(site.backend().requests()).hasSize(3);

    site.sandbox().repair(endpoint);
    site.clock().advance(PAST_THE_COOL_DOWN);
    assertThat(site.statusWith(unknown)).as("fixed").isEqualTo(200);
    assertThat(site.statusWith(known)).isEqualTo(200);
    assertThat(site.management("/readyz")).startsWith("ready");
  }

  @Test
  void keyServerDownForTooLong_nobodyPasses() throws IOException {
    try (Site own = new Site()) {
      String known = own.sandbox().project().accessToken("alice", FOR_A_DAY);
      own.sandbox().breakDown(AuthgearEndpoint.KEYS, new Malfunction.Down());
      own.clock().advance(Duration.ofHours(4).plusSeconds(1));
      assertThat(own.statusWith(known)).isEqualTo(500);
      assertThat(own.backend().requests()).isEmpty();
      assertThat(own.management("/readyz")).startsWith("not ready");
    }
  }

  @Test
  void serviceDown_is500AndTheBackendSeesNothing() throws IOException {
    try (Site own = new Site()) {
      String good = own.sandbox().project().accessToken("alice");
      assertThat(own.statusWith(good)).isEqualTo(200);
      own.service().close();
      assertThat(own.statusWith(good)).isEqualTo(500);
      assertThat(own.status("X-None", "1")).isEqualTo(500);
      assertThat(own.backend().requests()).hasSize(1);
    }
  }

  /** Authgear hangs for longer than AUTHGEAR_RESOLVER_TIMEOUT, 2 s by default. */
  @Test
  void resolverTooSlow_is500ForThoseWhoNeedIt() {
    double before = denied("resolver_unavailable");
    site.sandbox()
        .breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofMinutes(1)));
    assertThat(site.status("Cookie", project.sessionCookie("bob"))).isEqualTo(500);
    assertThat(denied("resolver_unavailable") - before).isEqualTo(1);
    assertThat(site.statusWith(project.accessToken("alice"))).isEqualTo(200);
    assertThat(site.backend().requests()).hasSize(1);
  }

  @Test
  void resolverSlow_letsJwtsPassMeanwhileAndAnswersInTheEnd() {
    site.sandbox()
        .breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofMinutes(1)));
    long before = site.sandbox().calls(AuthgearEndpoint.RESOLVER);
    CompletableFuture<Integer> slow = site.sendAsync("Cookie", project.sessionCookie("bob"));
    Awaitility.await().until(() -> site.sandbox().calls(AuthgearEndpoint.RESOLVER) > before);
    for (int i = 0; i < 20; i++) {
      assertThat(site.statusWith(project.accessToken("alice"))).isEqualTo(200);
    }
    assertThat(site.backend().requests()).hasSize(20);
    site.sandbox().repair(AuthgearEndpoint.RESOLVER);
    assertThat(slow.orTimeout(10, TimeUnit.SECONDS).join()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 404, 307})
  void resolverFailing_is500ForCookiesOnly(int status) {
    site.sandbox().breakDown(AuthgearEndpoint.RESOLVER, Malfunction.status(status));
    assertThat(site.status("Cookie", project.sessionCookie("bob"))).isEqualTo(500);
    assertThat(site.backend().requests()).isEmpty();
    assertThat(site.statusWith(project.accessToken("alice"))).isEqualTo(200);
    site.sandbox().repair(AuthgearEndpoint.RESOLVER);
    assertThat(site.status("Cookie", project.sessionCookie("bob"))).isEqualTo(200);
  }
}
