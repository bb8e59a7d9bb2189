package com.authgear.authrequest.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.authgear.authrequest.credential.Credential.Presented;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Cookies are read as Go's {@code net/http} reads them, by what it said. */
class CookieVectorsTest {

  private static final Path VECTORS =
      Path.of("src/test/resources/vectors/cookies/go-net-http.json");
  private static final List<String> NAMES = List.of("app_session", "app_access_token", "session");

  @TestFactory
  Stream<DynamicTest> cookies_areReadAsByGo() throws IOException {
    return new ObjectMapper()
        .readTree(VECTORS.toFile())
        .get("vectors")
        .valueStream()
        .map(vector -> dynamicTest(vector.get("name").textValue(), () -> check(vector)));
  }

  private static void check(JsonNode vector) {
    List<String> headers = new ArrayList<>();
    vector.get("cookie").forEach(line -> headers.add(line.textValue()));
    String repeated = "; a=b".repeat(vector.path("repeat").intValue());
    headers.set(0, headers.getFirst() + repeated);
    Map<String, String> expected = new HashMap<>();
    vector
        .get("reads")
        .properties()
        .forEach(read -> expected.put(read.getKey(), read.getValue().textValue()));

    Map<String, String> first = new HashMap<>();
    CookieReader.read(headers, NAMES, (index, value) -> first.putIfAbsent(NAMES.get(index), value));
    assertThat(first).isEqualTo(expected);

    Map<String, String> presented = new HashMap<>();
    Credential credential =
        new CredentialExtractor("", TokenCarriers.NONE)
            .extract(name -> name.equals("Cookie") ? headers : List.of());
    while (credential instanceof Presented one) {
      presented.put(one.cookie(), one.value());
      credential = one.next();
    }
    expected.values().removeIf(String::isEmpty);
    assertThat(presented).as("what is empty is no credential").isEqualTo(expected);
  }
}
