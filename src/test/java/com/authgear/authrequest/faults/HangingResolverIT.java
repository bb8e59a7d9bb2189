package com.authgear.authrequest.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.support.Site;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many requests at once while the resolver answers nothing. */
class HangingResolverIT {

  private static final int SHARING = 1000;
  private static final int WAITING = 200;
  private static final int JWTS = 400;

  private Site site;
  private Project project;

  @BeforeEach
  void start() throws IOException {
    site =
        new Site(
            Map.of(
                "AUTHGEAR_RESOLVER_TIMEOUT",
                "30s",
                // Half of them are for sessions that were never seen.
                "AUTHGEAR_RESOLVER_MAX_CALLS",
                Integer.toString(2 * WAITING),
                "AUTHGEAR_LOG_LEVEL",
                "error"));
    project = site.sandbox().project();
  }

  @AfterEach
  void stop() {
    site.close();
  }

  private double waiting() {
    return site.management("/metrics")
        .lines()
        .filter(line -> line.startsWith("authgear_auth_requests_waiting "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  @Test
  void thousandRequestsOfOneSession_areOneCall() {
    String session = project.sessionCookie("alice");
    site.sandbox()
        .breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofMinutes(1)));
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + site.service().port() + "/auth"))
            .header("Cookie", session)
            .build();
    try (HttpClient http = HttpClient.newBuilder().version(Version.HTTP_1_1).build()) {
      List<CompletableFuture<HttpResponse<Void>>> answers = new ArrayList<>();
      for (int i = 0; i < SHARING; i++) {
        answers.add(http.sendAsync(request, BodyHandlers.discarding()));
      }
      Awaitility.await("all to wait")
          .atMost(Duration.ofSeconds(25))
          .until(() -> waiting() == SHARING);
      site.sandbox().repair(AuthgearEndpoint.RESOLVER);
      String alice = project.user("alice").id();
      for (CompletableFuture<HttpResponse<Void>> answer : answers) {
        assertThat(answer.join().statusCode()).isEqualTo(200);
        assertThat(answer.join().headers().allValues("x-authgear-user-id")).containsExactly(alice);
      }
    }
    assertThat(site.sandbox().calls(AuthgearEndpoint.RESOLVER)).isEqualTo(1);
  }

  /** Through nginx, each JWT a new one, while others wait for the resolver. */
  @Test
  void jwts_areAnsweredMeanwhile() {
    site.sandbox()
        .breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofSeconds(10)));
    List<CompletableFuture<Integer>> waiting = new ArrayList<>();
    for (int i = 0; i < WAITING; i++) {
      waiting.add(site.sendAsync("Cookie", project.sessionCookie("bob")));
    }
    Awaitility.await("the others to wait").until(() -> waiting() == WAITING);

    for (int i = 0; i < JWTS; i++) {
      assertThat(site.statusWith(project.accessToken("alice"))).isEqualTo(200);
    }
    assertThat(waiting()).as("the resolver still hangs").isEqualTo(WAITING);
    site.sandbox().repair(AuthgearEndpoint.RESOLVER);
    for (CompletableFuture<Integer> status : waiting) {
      assertThat(status.join()).isIn(200, 500); // nginx gives up after 5 s
    }
  }
}
