package com.authgear.authrequest.verify.jwt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.CacheCounts;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Finding;
import com.authgear.authrequest.verify.Pending;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The key sets of {@code key-sets.json}, found over HTTP, and a token for each. */
class KeySetVectorsTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String KEYS = "/oauth2/jwks";

  @TestFactory
  Stream<DynamicTest> keySets() throws IOException {
    JsonNode document = JSON.readTree(Path.of("src/test/resources/vectors/key-sets.json").toFile());
    return StreamSupport.stream(document.get("vectors").spliterator(), false)
        .map(vector -> dynamicTest(vector.get("name").textValue(), () -> check(document, vector)));
  }

  private static void check(JsonNode document, JsonNode vector) throws IOException {
    String issuer = document.get("issuer").textValue();
    Set<String> algorithms = new HashSet<>();
    document.get("algorithms").forEach(each -> algorithms.add(each.textValue()));
    InstantSource clock =
        InstantSource.fixed(Instant.ofEpochSecond(document.get("now").longValue()));
    String discovery = JSON.writeValueAsString(Map.of("issuer", issuer, "jwks_uri", issuer + KEYS));
    String keySet = JSON.writeValueAsString(Map.of("keys", vector.get("keys")));
    try (MockWebServer server = new MockWebServer()) {
      server.setDispatcher(
          new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
              String body = request.getUrl().encodedPath().equals(KEYS) ? keySet : discovery;
              return new MockResponse.Builder().body(body).build();
            }
          });
      server.start(InetAddress.getLoopbackAddress(), 0);
      try (Keys keys =
          Keys.discover(
              URI.create(issuer),
              URI.create("http://127.0.0.1:" + server.getPort()),
              Duration.ofSeconds(20),
              clock,
              Keys.Timing.DEFAULT,
              () -> CryptoProvider.JDK,
              (_, _) -> {},
              Tracing.OFF)) {
        String expected = vector.get("expect").textValue();
        assertThat(keys.load()).isNull();
        JwtVerifier verifier =
            new JwtVerifier(
                keys,
                issuer,
                algorithms,
                Duration.ZERO,
                clock,
                Set.of(),
                new TokenCache(10, new CacheCounts()));
        String token = vector.get("token").textValue();
        Finding finding = verifier.verify(token, Digest.ofToken(token));
        Finding answer = finding instanceof Pending pending ? pending.await() : finding;
        if (expected.equals("valid")) {
          assertThat(answer).isInstanceOf(Verified.class);
        } else {
          Reason reason = Reason.valueOf(expected.toUpperCase(Locale.ROOT));
          assertThat(answer).isEqualTo(new Rejected(VerifiedBy.JWT, reason));
        }
      }
    }
  }
}
