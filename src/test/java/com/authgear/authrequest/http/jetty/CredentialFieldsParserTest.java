package com.authgear.authrequest.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.http.HttpVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialFieldsParserTest {

  private static final int MAX_HEADER_BYTES = 16 * 1024;

  /** Names, separators, values and ends, as they may come and as they should not. */
  private static final List<List<String>> PARTS =
      List.of(
          List.of(
              "Authorization",
              "authorization",
              "AUTHORIZATION",
              "Cookie",
              "cookie",
              "X-Other",
              "Authorizatio",
              "Authorizations",
              "Cookies",
              "Content-Length",
              "Connection",
              "Authorization ",
              " Authorization",
              "",
              "Coo\u0000kie"),
          List.of(": ", ":", ":  ", ":\t", " : ", "", ";"),
          List.of(
              "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
              "a=1; session=abc",
              "session=x; other=\"y z\"",
              "close",
              "0",
              "",
              " ",
              "a ",
              "a\t",
              "a\tb",
              "a\u0000b",
              "a\u007fb",
              "caf\u00e9",
              "a:b",
              "\rb",
              "a\rb",
              "v".repeat(700)),
          List.of(
              "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\n ", "\r\n\t", "\r\n:", "\r", "\r\n\r\n"));

  @Test
  void parse_anyHeaderInAnyPieces_meansWhatItMeansToJetty() {
    Random random = new Random(7);
    int whole = 0;
    for (int n = 0; n < 60_000; n++) {
      String text = request(random) + (random.nextInt(3) == 0 ? request(random) : "");
      List<ByteBuffer> pieces = pieces(text, random);

      Heard ours = new Heard();
      ours.parse(
          new CredentialFieldsParser(ours, MAX_HEADER_BYTES, HttpCompliance.RFC9110), pieces);
      Heard jettys = new Heard();
      HttpParser jetty = new HttpParser(jettys, MAX_HEADER_BYTES, HttpCompliance.RFC9110);
      jetty.setHeaderCacheSize(0);
      jettys.parse(jetty, pieces);

      assertThat(ours.requests).as("%s", text).isEqualTo(jettys.requests);
      whole += (int) ours.requests.stream().filter(Request::whole).count();
    }
    assertThat(whole).isGreaterThan(20_000);
  }

  private static String request(Random random) {
    StringBuilder text = new StringBuilder("GET /auth HTTP/1.1\r\n");
    boolean mostlyPlain = random.nextBoolean();
    int lines = random.nextInt(6);
    for (int i = 0; i < lines; i++) {
      for (List<String> choices : PARTS) {
        boolean plain = mostlyPlain && random.nextInt(8) > 0;
        text.append(
            choices.get(random.nextInt(plain ? Math.min(2, choices.size()) : choices.size())));
      }
    }
    return text.append("Host: a\r\n\r\n").toString();
  }

  private static List<ByteBuffer> pieces(String text, Random random) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    List<ByteBuffer> pieces = new ArrayList<>();
    int from = 0;
    while (from < bytes.length) {
      int length =
          random.nextInt(3) > 0 ? bytes.length : 1 + random.nextInt(random.nextBoolean() ? 3 : 80);
      int to = Math.min(bytes.length, from + length);
      int room = random.nextInt(9);
      ByteBuffer piece = ByteBuffer.allocateDirect(to - from + room);
      piece.position(room).mark();
      piece.put(bytes, from, to - from).reset();
      pieces.add(piece);
      from = to;
    }
    return pieces;
  }

  @Test
  void parse_twoCookieFields_keepTheirOrder() {
    assertThat(fields("X: 1\r\nCookie: a=1\r\nAuthorization: Bearer t\r\nCookie: b=2\r\n"))
        .containsEntry("cookie", List.of("a=1", "b=2"))
        .containsEntry("authorization", List.of("Bearer t"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authorization: Bearer a\r\n b\r\n",
        "Authorization: Bearer a\r\n\tb\r\n",
        "Authorization: Bearer a\u0000\r\n",
        "Authorization : Bearer a\r\n",
      })
  void parse_whatJettyRefuses_isRefused(String line) {
    Heard heard = new Heard();
    heard.parse(parser(heard), List.of(bytes("GET /auth HTTP/1.1\r\nHost: a\r\n" + line + "\r\n")));

    assertThat(heard.requests)
        .singleElement()
        .satisfies(it -> assertThat(it.refusal).isEqualTo(400));
  }

  @Test
  void new_whereValuesMayHaveSeveralLines_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new CredentialFieldsParser(new Heard(), MAX_HEADER_BYTES, HttpCompliance.RFC2616));
  }

  @Test
  void parse_plainCredentials_areTakenInOnePiece() {
    // Jetty tells of a field when the next one begins, so what is taken comes before its neighbour.
    assertThat(inTurn("A: 1\r\nB: 2\r\nAuthorization: Bearer t\r\nC: 3\r\nCookie: a=1; b=2\r\n"))
        .containsSubsequence("Authorization: Bearer t", "B: 2", "Cookie: a=1; b=2", "C: 3");
  }

  @Test
  void parse_aHeaderWithoutEnd_isCutOff() {
    Heard heard = new Heard();
    HttpParser parser = parser(heard);
    String line = "Cookie: " + "c".repeat(1000) + "\r\n";
    List<ByteBuffer> pieces = new ArrayList<>();
    pieces.add(bytes("GET /auth HTTP/1.1\r\nHost: a\r\n" + line.repeat(7)));
    for (int n = 0; n < 11; n++) {
      pieces.add(bytes(line));
    }

    heard.parse(parser, pieces);

    assertThat(heard.requests)
        .singleElement()
        .satisfies(it -> assertThat(it.refusal).isEqualTo(431));
  }

  private static Map<String, List<String>> fields(String lines) {
    return heard(lines).requests.getFirst().fields;
  }

  private static List<String> inTurn(String lines) {
    return heard(lines).inTurn;
  }

  private static Heard heard(String lines) {
    Heard heard = new Heard();
    heard.parse(
        parser(heard), List.of(bytes("GET /auth HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n")));
    return heard;
  }

  private static HttpParser parser(Heard heard) {
    return new CredentialFieldsParser(heard, MAX_HEADER_BYTES, HttpCompliance.RFC9110);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /**
   * @param fields the values of each field in their order; which of two different fields came first
   *     is lost, and so are all of a request that is refused
   */
  private record Request(
      String line, Map<String, List<String>> fields, int refusal, boolean whole) {
    Request with(HttpField field) {
      Map<String, List<String>> more = new TreeMap<>(fields);
      List<String> values = new ArrayList<>(more.getOrDefault(field.getLowerCaseName(), List.of()));
      values.add(String.valueOf(field.getValue()));
      more.put(field.getLowerCaseName(), values);
      return new Request(line, more, refusal, whole);
    }
  }

  /** What a parser says. */
  private static final class Heard implements HttpParser.RequestHandler {
    private final List<Request> requests = new ArrayList<>();
    private final List<String> inTurn = new ArrayList<>();

    void parse(HttpParser parser, List<ByteBuffer> pieces) {
      for (ByteBuffer piece : pieces) {
        ByteBuffer buffer = piece.duplicate();
        while (buffer.hasRemaining() && !parser.isClose() && !parser.isClosed()) {
          parser.parseNext(buffer);
          if (parser.isComplete()) {
            parser.reset();
          }
        }
      }
    }

    private void last(UnaryOperator<Request> change) {
      requests.set(requests.size() - 1, change.apply(requests.getLast()));
    }

    @Override
    public void startRequest(String method, String uri, HttpVersion version) {
      requests.add(
          new Request(method + " " + uri + " " + version, new LinkedHashMap<>(), 0, false));
    }

    @Override
    public void parsedHeader(HttpField field) {
      inTurn.add(field.toString());
      last(request -> request.with(field));
    }

    @Override
    public boolean headerComplete() {
      last(request -> new Request(request.line, request.fields, request.refusal, true));
      return false;
    }

    @Override
    public boolean content(ByteBuffer content) {
      return false;
    }

    @Override
    public boolean contentComplete() {
      return false;
    }

    @Override
    public boolean messageComplete() {
      return true;
    }

    @Override
    public void badMessage(HttpException failure) {
      if (requests.isEmpty()) {
        startRequest("", "", HttpVersion.HTTP_1_1);
      }
      last(request -> new Request(request.line, Map.of(), failure.getCode(), request.whole));
    }

    @Override
    public void earlyEOF() {}
  }
}
