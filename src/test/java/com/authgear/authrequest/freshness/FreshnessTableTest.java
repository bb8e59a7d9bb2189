package com.authgear.authrequest.freshness;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.changes.FollowMessage;
import com.authgear.authrequest.verify.changes.Heartbeat;
import com.authgear.authrequest.verify.changes.UserEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The table of docs/freshness.md, cell by cell: the settings that a row names, the change that a
 * column names, and a clock that moves to just before and onto the bound that the cell promises.
 * nginx's cache is played by its rule, which {@code EdgeCacheIT} holds against the real one. A
 * follower is played by its posts: the worst that it can do is to die with the change.
 */
class FreshnessTableTest {

  private static final String SECRET = "a-secret-of-the-project";
  private static final Duration LIFETIME = Duration.ofMinutes(2);
  private static final Pattern SETTING = Pattern.compile("`(AUTHGEAR_[A-Z_]+)(?:=([^`]*))?`");
  private static final Pattern SECONDS = Pattern.compile("(\\d+) s");
  private static final Pattern COST = Pattern.compile("1 per (?:token|session) and (\\d+) s");
  private static final List<String> COLUMNS =
      List.of(
          "expired token",
          "logout",
          "session revoked",
          "user disabled",
          "role changed",
          "calls to Authgear");

  private static final List<Deployment> OPENED = new ArrayList<>();

  private record Row(String name, List<String> cells) {}

  private static List<String> table() {
    try {
      String page = Files.readString(Path.of("docs/freshness.md"));
      int start = page.indexOf("<!-- freshness -->\n");
      return page.substring(start, page.indexOf("\n<!-- /freshness -->", start))
          .lines()
          .skip(1)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> cells(String line) {
    return Arrays.stream(line.substring(2, line.length() - 2).split(" \\| ", -1)).toList();
  }

  @AfterAll
  static void close() {
    OPENED.forEach(Deployment::close);
  }

  @Test
  void table_hasAColumnPerChangeAndEveryCombination() {
    List<String> lines = table();
    assertThat(cells(lines.getFirst()).subList(1, 7)).isEqualTo(COLUMNS);
    assertThat(lines.subList(2, lines.size()))
        .hasSize(12)
        .allSatisfy(line -> assertThat(cells(line)).hasSize(7));
  }

  @TestFactory
  Stream<DynamicContainer> cell_isKept() {
    return table().stream()
        .skip(2)
        .map(FreshnessTableTest::cells)
        .map(cells -> new Row(cells.getFirst(), cells.subList(1, cells.size())))
        .map(FreshnessTableTest::tests);
  }

  private static DynamicContainer tests(Row row) {
    List<DynamicTest> tests = new ArrayList<>();
    AtomicReference<@Nullable Deployment> opened = new AtomicReference<>();
    for (int i = 0; i < COLUMNS.size(); i++) {
      String column = COLUMNS.get(i);
      String cell = row.cells.get(i);
      tests.add(
          DynamicTest.dynamicTest(
              column + ": " + cell,
              () -> {
                Deployment deployment = opened.get();
                if (deployment == null) {
                  deployment = new Deployment(row.name);
                  OPENED.add(deployment);
                  opened.set(deployment);
                }
                deployment.check(column, cell);
              }));
    }
    return DynamicContainer.dynamicContainer(row.name, tests);
  }

  /** What one user's requests show. */
  private record Shown(int status, String roles) {}

  private static final class Deployment implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final SettableClock clock = new SettableClock();
    private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
    private final Project project = sandbox.project();
    private final boolean jwt;
    private final boolean webhooks;
    private final boolean edge;
    private final boolean followed;
    private final Service service;
    private @Nullable Shown kept;
    private long keptUntil;

    Deployment(String row) throws IOException {
      Map<String, String> environment = new HashMap<>();
      Matcher setting = SETTING.matcher(row);
      while (setting.find()) {
        environment.put(setting.group(1), setting.group(2) == null ? SECRET : setting.group(2));
      }
      jwt = row.startsWith("JWT");
      webhooks = environment.containsKey("AUTHGEAR_WEBHOOK_SECRET");
      edge = environment.containsKey("AUTHGEAR_EDGE_CACHE_TTL");
      followed = row.endsWith("`follow` runs");
      environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
      environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
      environment.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
      environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
      environment.put("AUTHGEAR_DRAIN", "0s");
      service =
          switch (SettingsReader.read(environment)) {
            case Accepted accepted -> Service.start(accepted.settings(), clock, "test");
            case Refused refused -> throw new AssertionError(refused.report());
          };
      if (webhooks) {
        project.hooks().configure("http://127.0.0.1:" + service.port() + "/hooks/authgear", SECRET);
      }
      Awaitility.await("ready").until(() -> management("/readyz").startsWith("ready"));
    }

    void check(String column, String cell) {
      clock.pass(60_000); // whatever the last test left behind is over
      kept = null;
      if (column.equals("calls to Authgear")) {
        checkCost(cell);
        return;
      }
      String user = column.equals("user disabled") ? "erin" : "alice";
      String token = token(user);
      beat();
      Shown before = ask(token);
      assertThat(before.status).isEqualTo(200);
      long changed = clock.millis();
      long expires = changed + LIFETIME.toMillis();
      boolean sinceExp = cell.startsWith("`exp`") || column.equals("expired token");
      long bound = (sinceExp ? expires : changed) + seconds(cell) * 1000;
      change(column, user, token);

      if (column.equals("expired token")) {
        moveTo(expires - 1);
        assertThat(ask(token)).as("until exp").isEqualTo(before);
      } else if (bound > changed) {
        assertThat(ask(token)).as("just after the change").isEqualTo(before);
        if (!edge) {
          moveTo(bound - 1);
          assertThat(ask(token)).as("the cell promises too little").isEqualTo(before);
        }
      }
      askAllTheTimeUntil(bound, token);
      assertThat(ask(token)).as("the cell promises too much").isNotEqualTo(before);
    }

    /** Requests that come all the time must not make an answer live longer. */
    private void askAllTheTimeUntil(long time, String token) {
      while (clock.millis() < time) {
        ask(token);
        moveTo(Math.min(time, clock.millis() + 700));
      }
    }

    private void change(String column, String user, String token) {
      switch (column) {
        case "expired token" -> {}
        case "logout" -> project.logout(user);
        case "session revoked" -> project.endSession(token);
        case "user disabled" -> {
          double heard = heard();
          project.disable(user);
          if (webhooks) {
            Awaitility.await("the webhook").until(() -> heard() > heard);
          }
        }
        case "role changed" -> project.setRoles(user, List.of("r" + clock.millis()));
        default -> throw new AssertionError(column);
      }
    }

    /** A minute with a request per second. */
    private void checkCost(String cell) {
      String token = token("bob");
      beat();
      assertThat(ask(token).status).isEqualTo(200);
      long before = sandbox.calls(AuthgearEndpoint.RESOLVER);
      for (int i = 0; i < 60; i++) {
        clock.pass(1000);
        beat();
        assertThat(ask(token).status).isEqualTo(200);
      }
      long calls = sandbox.calls(AuthgearEndpoint.RESOLVER) - before;
      Matcher cost = COST.matcher(cell);
      if (cost.find()) {
        assertThat(calls).isBetween(1L, 60 / Long.parseLong(cost.group(1)));
        return;
      }
      assertThat(cell).startsWith(followed ? "1 poll a second for all" : "none");
      assertThat(calls).isZero();
      if (webhooks) {
        double heard = heard();
        deliver("user.profile.updated", project.user("bob").id());
        Awaitility.await("the webhook").until(() -> heard() > heard);
      }
      if (followed) {
        String bob = project.user("bob").id();
        follow(List.of(UserEvent.changed(bob, 1000, clock.millis() / 1000)), null);
      }
      long promised = cell.contains("2 per token after a change") ? 2 : 0;
      Awaitility.await("the second look")
          .until(
              () -> {
                clock.pass(1000);
                beat();
                ask(token);
                return sandbox.calls(AuthgearEndpoint.RESOLVER) - before == promised;
              });
      for (int i = 0; i < 10; i++) {
        clock.pass(1000);
        beat();
        ask(token);
      }
      assertThat(sandbox.calls(AuthgearEndpoint.RESOLVER) - before).isEqualTo(promised);
    }

    /** The heartbeat of a follower, if the row has one. */
    private void beat() {
      if (followed) {
        long hourAgo = clock.millis() / 1000 - 3600;
        follow(List.of(), new Heartbeat("follower", clock.millis(), 0, hourAgo));
      }
    }

    private void follow(List<UserEvent> events, @Nullable Heartbeat heartbeat) {
      String instance = post(new FollowMessage(FollowMessage.NOBODY, List.of(), null));
      assertThat(post(new FollowMessage(instance, events, heartbeat))).isEqualTo(instance);
    }

    /** Which process has taken it in. */
    private String post(FollowMessage message) {
      String time = Long.toString(clock.millis());
      String body = message.text();
      try {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET.getBytes(UTF_8), "HmacSHA256"));
        String signature =
            HexFormat.of().formatHex(mac.doFinal((time + "." + body).getBytes(UTF_8)));
        HttpRequest request =
            HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:" + service.port() + "/hooks/follow"))
                .header("x-authgear-follow-time", time)
                .header("x-authgear-follow-signature", signature)
                .POST(BodyPublishers.ofString(body))
                .build();
        return http.sendAsync(request, BodyHandlers.discarding())
            .join()
            .headers()
            .firstValue("x-authgear-follow-instance")
            .orElseThrow();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    /** An event as Authgear sends it, about a user of whom it says nothing new. */
    private void deliver(String type, String user) {
      String body =
          String.format(
              Locale.ROOT,
              """
              {"id": "00000000000003e8", "seq": 1000, "type": "%s",
               "payload": {"user": {"id": "%s", "is_disabled": false}},
               "context": {"timestamp": %d}}
              """,
              type,
              user,
              clock.millis() / 1000);
      try {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET.getBytes(UTF_8), "HmacSHA256"));
        HttpRequest request =
            HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:" + service.port() + "/hooks/authgear"))
                .header(
                    "x-authgear-body-signature",
                    HexFormat.of().formatHex(mac.doFinal(body.getBytes(UTF_8))))
                .POST(BodyPublishers.ofString(body))
                .build();
        assertThat(http.sendAsync(request, BodyHandlers.discarding()).join().statusCode())
            .isEqualTo(200);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    private String token(String user) {
      TokenOptions options = TokenOptions.DEFAULTS.withExpiresIn(LIFETIME);
      return jwt ? project.accessToken(user, options) : project.opaqueToken(user, options);
    }

    private void moveTo(long millis) {
      clock.pass(millis - clock.millis());
    }

    /** As a client sees it, behind nginx's cache if the row has one. */
    private Shown ask(String token) {
      Shown known = kept;
      if (edge && known != null && clock.millis() / 1000 <= keptUntil) {
        return known;
      }
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + "/auth"))
              .header("Authorization", "Bearer " + token)
              .build();
      HttpResponse<Void> answer = http.sendAsync(request, BodyHandlers.discarding()).join();
      Shown shown =
          new Shown(
              answer.statusCode(), answer.headers().firstValue("x-authgear-user-roles").orElse(""));
      OptionalLong expires = answer.headers().firstValueAsLong("x-accel-expires");
      kept = null;
      if (edge && expires.isPresent()) {
        assertThat(shown.status).isEqualTo(200);
        kept = shown;
        keptUntil = clock.millis() / 1000 + expires.getAsLong();
      }
      return shown;
    }

    private double heard() {
      return management("/metrics")
          .lines()
          .filter(line -> line.startsWith("authgear_auth_webhooks_total{result=\"accepted\"}"))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
          .sum();
    }

    private String management(String path) {
      URI url = URI.create("http://127.0.0.1:" + service.managementPort() + path);
      return http.sendAsync(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString())
          .join()
          .body();
    }

    @Override
    public void close() {
      http.close();
      service.close();
      sandbox.close();
    }
  }

  private static long seconds(String cell) {
    if (cell.equals("at once")) {
      return 0;
    }
    Matcher seconds = SECONDS.matcher(cell);
    assertThat(seconds.find()).as(cell).isTrue();
    return Long.parseLong(seconds.group(1));
  }
}
