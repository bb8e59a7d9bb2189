package com.authgear.authrequest.proxies;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static com.authgear.authrequest.wire.RecordingServer.answerWithBody;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.ServiceWithSandbox;
import com.authgear.authrequest.proxies.Backends.Area;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What was decided on is what the backend gets: paths × users × headers × proxies, with the shipped
 * files. The proxy's backend records what arrives; the same request line is then given to backends
 * that read paths in different ways. Two questions to each cell: did one of them serve what the
 * policy forbids, and did a header of the client arrive that only the proxy may write?
 */
@TestInstance(Lifecycle.PER_CLASS)
class MatrixIT {

  private final Map<ShippedProxy, RunningProxy> running = new EnumMap<>(ShippedProxy.class);
  private Backends backends;
  private ServiceWithSandbox site;
  private RecordingServer recorder;
  private String bob;

  @BeforeAll
  void start() throws IOException {
    backends = Backends.start();
    site = ServiceWithSandbox.start(ProxyContract.POLICIES);
    recorder = RecordingServer.start(MatrixIT::serve);
    bob = "Authorization: Bearer " + site.project().accessToken("bob");
  }

  @AfterAll
  void stop() throws IOException {
    running.values().forEach(RunningProxy::close);
    if (recorder != null) {
      recorder.close();
    }
    if (site != null) {
      site.close();
    }
    if (backends != null) {
      backends.close();
    }
  }

  private static String serve(HttpMessage request) {
    if (request.values("Upgrade").stream().anyMatch("websocket"::equalsIgnoreCase)) {
      return answer(101, "Upgrade: websocket", "Connection: Upgrade");
    }
    return request.startLine().startsWith("HEAD ") ? answer(200) : answerWithBody(200, "backend");
  }

  private RunningProxy proxy(ShippedProxy shipped) {
    return running.computeIfAbsent(
        shipped, absent -> absent.start(site.address(), recorder.address()));
  }

  /** What the client got; null if the proxy hung up on it. */
  private @Nullable HttpMessage send(
      RunningProxy proxy, String method, String target, String... lines) throws IOException {
    recorder.reset(MatrixIT::serve);
    try (RawClient client = new RawClient(proxy.port())) {
      return client.send(method, target, lines);
    } catch (EOFException | SocketException hungUp) {
      return null;
    }
  }

  // ---- Paths

  @ParameterizedTest
  @EnumSource
  void noPath_leadsWhereTheUserMayNotBe(ShippedProxy shipped) throws IOException {
    RunningProxy proxy = proxy(shipped);
    List<String> holes = new ArrayList<>();
    for (String target : Paths.confusing()) {
      send(proxy, "GET", target);
      holes.addAll(holes(shipped, null, target));
      send(proxy, "GET", target, bob);
      holes.addAll(holes(shipped, "bob", target));
    }
    assertThat(holes).as(proxy::log).isEmpty();
  }

  private List<String> holes(ShippedProxy shipped, @Nullable String user, String target) {
    List<String> holes = new ArrayList<>();
    for (HttpMessage arrived : recorder.requests()) {
      Map<String, Area> served = backends.served(arrived.startLine());
      served.forEach(
          (backend, area) -> {
            if (!shipped.allows(user, area)) {
              holes.add(
                  "%s by %s: %s, given \"%s\", serves %s"
                      .formatted(
                          target,
                          user == null ? "anonymous" : user,
                          backend,
                          arrived.startLine(),
                          area));
            }
          });
    }
    return holes;
  }

  @ParameterizedTest
  @EnumSource
  void legitimatePath_reachesTheBackendAsItCame(ShippedProxy shipped) throws IOException {
    List<String> wrong = new ArrayList<>();
    for (String target : Paths.legitimate()) {
      if (Paths.encoded().contains(target) && !shipped.passesEncoded(target)) {
        continue;
      }
      HttpMessage response = send(proxy(shipped), "GET", target, bob);
      List<String> arrived = recorder.requests().stream().map(HttpMessage::startLine).toList();
      if (response == null
          || response.status() != 200
          || !arrived.equals(List.of("GET " + target + " HTTP/1.1"))) {
        wrong.add(target + ": " + (response == null ? "-" : response.startLine()) + arrived);
      }
    }
    assertThat(wrong).isEmpty();
  }
}
