package com.authgear.authrequest.settings;

import static com.authgear.authrequest.settings.Reads.accepted;
import static com.authgear.authrequest.settings.Reads.fault;
import static com.authgear.authrequest.settings.Reads.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.authgear.authrequest.settings.SettingsReader.Refused;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsReaderTest {

  @Nested
  class Endpoint {

    @Test
    void read_noEndpoint_isMissing() {
      assertThat(refused(Map.of()))
          .containsExactly(
              new Problem(
                  "AUTHGEAR_ENDPOINT",
                  "is missing",
                  "accepted: https origin without a path; http on loopback or with"
                      + " AUTHGEAR_ALLOW_HTTP; for example https://my-project.authgear.cloud"));
    }

    @Test
    void read_emptyEndpoint_isMissing() {
      assertThat(fault("AUTHGEAR_ENDPOINT", "")).isEqualTo("is missing");
    }

    @ParameterizedTest
    @CsvSource({
      "https://a.example, https://a.example",
      "https://a.example/, https://a.example",
      "HTTPS://A.Example, https://a.example",
      "https://a.example:443, https://a.example",
      "https://a.example:8443/, https://a.example:8443",
      "https://a.example:80, https://a.example:80",
      "http://localhost, http://localhost",
      "http://localhost:80, http://localhost",
      "http://LOCALHOST:3000, http://localhost:3000",
      "http://accounts.portal.localhost:3100, http://accounts.portal.localhost:3100",
      "http://127.0.0.1:3000, http://127.0.0.1:3000",
      "http://127.1.2.3, http://127.1.2.3",
      "http://[::1]:3000, http://[::1]:3000",
      "http://[0:0:0:0:0:0:0:1], http://[0:0:0:0:0:0:0:1]",
      "https://[2001:DB8::1], https://[2001:db8::1]",
    })
    void read_soundEndpoint_isBroughtIntoTheFormOfIss(String given, String endpoint) {
      Settings settings = accepted("AUTHGEAR_ENDPOINT", given);

      assertThat(settings.project().endpoint())
          .isEqualTo(URI.create(endpoint))
          .hasToString(endpoint);
      assertThat(settings.tokens().audiences()).containsExactly(endpoint);
      assertThat(settings.resolver().url()).hasToString(endpoint + "/_resolver/resolve");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "https://a.example/path | has a path: leave out what follows the host and port",
          "https://a.example// | has a path: leave out what follows the host and port",
          "https://a.example?x=1 | has a query: leave out what begins with '?'",
          "https://a.example/? | has a query: leave out what begins with '?'",
          "https://a.example# | has a fragment: leave out what begins with '#'",
          "https://a.example:0 | has a port outside 1 to 65535",
          "https://a.example:65536 | has a port outside 1 to 65535",
          "https://my project.example | is not a URL: illegal character in authority at character"
              + " 11",
          "https://-a.example | has no valid host and port (a host has letters, digits, '-', '_'"
              + " and '.')",
          "https://a..example | has no valid host and port (a host has letters, digits, '-', '_'"
              + " and '.')",
          "https://1.2.3.256 | has no valid host and port (a host has letters, digits, '-', '_' and"
              + " '.')",
          "https://a.example:port | has no valid host and port (a host has letters, digits, '-',"
              + " '_' and '.')",
          "https://münchen.example | has no valid host and port (a host has letters, digits, '-',"
              + " '_' and '.')",
          "a.example | does not start with https:// or http://",
          "localhost:3000 | does not start with https:// or http://",
          "ftp://a.example | does not start with https:// or http://",
          "https:a.example | does not start with https:// or http://",
          "https:/a.example | does not start with https:// or http://",
          "https:// | is not a URL: expected authority at character 9",
          "https://a.exa mple | is not a URL: illegal character in authority at character 14",
          "http://a.example | is neither https nor on loopback",
          "http://127.0.0.1.a.example | is neither https nor on loopback",
          "http://notlocalhost | is neither https nor on loopback",
          "http://localhost.a.example | is neither https nor on loopback",
          "http://10.0.0.1 | is neither https nor on loopback",
          "http://[::2] | is neither https nor on loopback",
        })
    void read_unsoundEndpoint_saysWhy(String given, String fault) {
      assertThat(fault("AUTHGEAR_ENDPOINT", given)).isEqualTo(Problem.quote(given) + " " + fault);
    }

    @Test
    void read_httpEndpoint_isAcceptedWhenAllowed() {
      Settings settings =
          accepted("AUTHGEAR_ENDPOINT", "http://A.example:80", "AUTHGEAR_ALLOW_HTTP", "true");

      assertThat(settings.project().endpoint()).hasToString("http://a.example");
    }

    @Test
    void read_httpEndpoint_isToldHowToAllowIt() {
      assertThat(refused("AUTHGEAR_ENDPOINT", "http://a.example", "AUTHGEAR_ALLOW_HTTP", "false"))
          .containsExactly(
              new Problem(
                  "AUTHGEAR_ENDPOINT",
                  "\"http://a.example\" is neither https nor on loopback",
                  "use https, or set AUTHGEAR_ALLOW_HTTP=true if tokens may travel unencrypted"));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "https://user:hunter2@a.example",
          "https://hunter2@a.example",
          "https://user:hunter2@a.example/path",
          "https://user:hun^ter2@a_b",
          "user:hunter2@a.example",
        })
    void read_passwordInAUrl_isNotShown(String given) {
      assertThat(fault("AUTHGEAR_ENDPOINT", given)).startsWith("the value (not shown) ");
      assertThat(fault("AUTHGEAR_INTERNAL_URL", given)).startsWith("the value (not shown) ");
      assertThat(fault("AUTHGEAR_RESOLVER_URL", given)).startsWith("the value (not shown) ");
    }

    @Test
    void read_userInAUrl_isNamedAsTheFault() {
      assertThat(fault("AUTHGEAR_ENDPOINT", "https://user:hunter2@a.example"))
          .isEqualTo("the value (not shown) has a user name or password in it");
    }
  }

  @Nested
  class Urls {

    @Test
    void read_internalUrl_mayBeHttpAnywhere() {
      assertThat(accepted("AUTHGEAR_INTERNAL_URL", "http://Authgear.svc:80/").project().connectTo())
          .hasToString("http://authgear.svc");
    }

    /** Compose names containers so. */
    @Test
    void read_hostWithUnderscore_isAHost() {
      assertThat(
              accepted("AUTHGEAR_INTERNAL_URL", "http://my_authgear_1:3000").project().connectTo())
          .hasToString("http://my_authgear_1:3000");
      assertThat(
              accepted("AUTHGEAR_RESOLVER_URL", "http://_resolver:3001/resolve").resolver().url())
          .hasToString("http://_resolver:3001/resolve");
      assertThat(
              accepted("AUTHGEAR_OTLP_ENDPOINT", "http://otel_collector:4318")
                  .telemetry()
                  .otlpEndpoint())
          .hasToString("http://otel_collector:4318");
      assertThat(
              accepted("AUTHGEAR_REDIS_URL", "redis://:pw@my_redis:6379/1").freshness().redisUrl())
          .isPresent();
      assertThat(accepted("AUTHGEAR_INTERNAL_URL", "http://my_authgear").resolver().url())
          .hasToString("http://my_authgear/_resolver/resolve");
    }

    @Test
    void read_internalUrlWithPath_isAProblem() {
      assertThat(fault("AUTHGEAR_INTERNAL_URL", "http://authgear.svc/x"))
          .isEqualTo(
              "\"http://authgear.svc/x\" has a path: leave out what follows the host and port");
    }

    @Test
    void read_resolverUrl_keepsItsPathAsWritten() {
      assertThat(
              accepted("AUTHGEAR_RESOLVER_URL", "HTTP://R.svc:80/A%2Fb/Resolve").resolver().url())
          .hasToString("http://r.svc/A%2Fb/Resolve");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://r.svc", "http://r.svc/"})
    void read_resolverUrlWithoutPath_isAProblem(String given) {
      assertThat(fault("AUTHGEAR_RESOLVER_URL", given))
          .isEqualTo(
              Problem.quote(given)
                  + " has no path: the resolver's is /_resolver/resolve, or /resolve on its own"
                  + " port");
    }

    @Test
    void read_resolverUrlWithQuery_isAProblem() {
      assertThat(fault("AUTHGEAR_RESOLVER_URL", "http://r.svc/resolve?a=b"))
          .endsWith("has a query: leave out what begins with '?'");
    }
  }

  @Nested
  class Words {

    @ParameterizedTest
    @CsvSource({"auto, AUTO", "jwt, JWT", "resolver, RESOLVER", "JWT, JWT", "Resolver, RESOLVER"})
    void read_mode(String given, Mode mode) {
      assertThat(accepted("AUTHGEAR_MODE", given).project().mode()).isEqualTo(mode);
    }

    @ParameterizedTest
    @CsvSource({"json, JSON", "text, TEXT", "TEXT, TEXT"})
    void read_logFormat(String given, LogFormat format) {
      assertThat(accepted("AUTHGEAR_LOG_FORMAT", given).telemetry().logFormat()).isEqualTo(format);
    }

    @ParameterizedTest
    @CsvSource({"error, ERROR", "warn, WARN", "info, INFO", "debug, DEBUG", "WARN, WARN"})
    void read_logLevel(String given, LogLevel level) {
      assertThat(accepted("AUTHGEAR_LOG_LEVEL", given).telemetry().logLevel()).isEqualTo(level);
    }

    @ParameterizedTest
    @CsvSource({
      "AUTHGEAR_MODE, local, 'one of auto, jwt, resolver; for example resolver'",
      "AUTHGEAR_LOG_FORMAT, xml, 'one of json, text; for example text'",
      "AUTHGEAR_LOG_LEVEL, trace, 'one of error, warn, info, debug; for example debug'",
      "AUTHGEAR_ALLOW_HTTP, yes, 'one of true, false; for example true'",
      "AUTHGEAR_ALLOW_HTTP, 1, 'one of true, false; for example true'",
    })
    void read_otherWord_isToldTheWords(String key, String given, String accepted) {
      assertThat(refused(key, given))
          .containsExactly(
              new Problem(key, Problem.quote(given) + " is none of them", "accepted: " + accepted));
    }
  }

  @Nested
  class Lists {

    @Test
    void read_listWithSpaces_isStripped() {
      assertThat(accepted("AUTHGEAR_AUDIENCE", " a ,b").tokens().audiences())
          .containsExactly("a", "b");
    }

    @Test
    void read_audience_replacesTheEndpoint() {
      assertThat(accepted("AUTHGEAR_AUDIENCE", "https://api.example/").tokens().audiences())
          .containsExactly("https://api.example/");
    }

    @ParameterizedTest
    @CsvSource({
      "'a,', has an empty item",
      "',a', has an empty item",
      "'a,,b', has an empty item",
      "' ', has an empty item",
      "'a b', has an item with a space or a character outside visible ASCII",
      "'a,bé', has an item with a space or a character outside visible ASCII",
    })
    void read_brokenList_saysWhy(String given, String fault) {
      assertThat(fault("AUTHGEAR_AUDIENCE", given)).isEqualTo(Problem.quote(given) + " " + fault);
      assertThat(fault("AUTHGEAR_CLIENT_IDS", given)).isEqualTo(Problem.quote(given) + " " + fault);
    }

    @Test
    void read_repeatedItems_countOnce() {
      assertThat(accepted("AUTHGEAR_CLIENT_IDS", "a,b,a").tokens().clientIds())
          .containsExactlyInAnyOrder("a", "b");
    }
  }

  @Nested
  class Algorithms {

    @Test
    void read_everyAsymmetricAlgorithm_isAccepted() {
      String all = "RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512";

      assertThat(accepted("AUTHGEAR_ALGORITHMS", all).tokens().algorithms())
          .containsExactlyInAnyOrder(all.split(","));
    }

    @ParameterizedTest
    @ValueSource(strings = {"HS256", "RS256,HS384", "HS512", "hs256", "HS1"})
    void read_symmetricAlgorithm_isRefused(String given) {
      assertThat(fault("AUTHGEAR_ALGORITHMS", given))
          .isEqualTo(
              Problem.quote(given)
                  + " has a symmetric algorithm (HS...): anyone who knows the public key could"
                  + " forge a token");
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "RS256,none", "None", "NONE"})
    void read_none_isRefused(String given) {
      assertThat(fault("AUTHGEAR_ALGORITHMS", given))
          .isEqualTo(
              Problem.quote(given)
                  + " has \"none\", which means unsigned: anyone could forge a token");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rs256", "RS255", "EdDSA", "ES256K", "RS256 ES256", "RS256,"})
    void read_otherAlgorithm_isRefused(String given) {
      assertThat(fault("AUTHGEAR_ALGORITHMS", given)).startsWith(Problem.quote(given) + " has an");
    }
  }

  @Nested
  class DurationsAndNumbers {

    @ParameterizedTest
    @CsvSource({
      "0s, PT0S",
      "0ms, PT0S",
      "500ms, PT0.5S",
      "30s, PT30S",
      "0030s, PT30S",
      "5m, PT5M",
      "300s, PT5M",
      "300000ms, PT5M",
    })
    void read_duration(String given, Duration duration) {
      assertThat(accepted("AUTHGEAR_CLOCK_SKEW", given).tokens().clockSkew()).isEqualTo(duration);
    }

    @ParameterizedTest
    @CsvSource({
      "30, has no unit",
      "0, has no unit",
      "s, is not a whole number and a unit",
      "-1s, is not a whole number and a unit",
      "+1s, is not a whole number and a unit",
      "1.5s, is not a whole number and a unit",
      "1m30s, is not a whole number and a unit",
      "PT30S, is not a whole number and a unit",
      "30 s, is not a whole number and a unit",
      "' ', is not a whole number and a unit",
      "٣s, is not a whole number and a unit",
      "30S, is not a whole number and a unit",
      "1d, 'has a unit other than ms, s, m, h'",
      "30seconds, 'has a unit other than ms, s, m, h'",
      "301s, is more than 5m",
      "300001ms, is more than 5m",
      "1h, is more than 5m",
      "9223372036854775807h, is more than 5m",
      "99999999999999999999999s, is more than 5m",
    })
    void read_otherDuration_saysWhy(String given, String fault) {
      assertThat(fault("AUTHGEAR_CLOCK_SKEW", given)).isEqualTo(Problem.quote(given) + " " + fault);
    }

    @ParameterizedTest
    @CsvSource({"1ms, PT0.001S", "60s, PT1M", "1m, PT1M"})
    void read_resolverTimeout_atItsBounds(String given, Duration duration) {
      assertThat(accepted("AUTHGEAR_RESOLVER_TIMEOUT", given).resolver().timeout())
          .isEqualTo(duration);
    }

    @ParameterizedTest
    @CsvSource({
      "AUTHGEAR_RESOLVER_TIMEOUT, 0s, is less than 1ms",
      "AUTHGEAR_RESOLVER_TIMEOUT, 60001ms, is more than 60s",
      "AUTHGEAR_DRAIN, 601s, is more than 10m",
      "AUTHGEAR_RESOLVER_MAX_CALLS, 0, is not from 1 to 10000",
      "AUTHGEAR_RESOLVER_MAX_CALLS, 10001, is not from 1 to 10000",
      "AUTHGEAR_RESOLVER_MAX_CALLS, -1, is not such a number",
      "AUTHGEAR_RESOLVER_MAX_CALLS, 1e3, is not such a number",
      "AUTHGEAR_RESOLVER_MAX_CALLS, 99999999999, is not such a number",
      "AUTHGEAR_CACHE_SIZE, 10000001, is not from 0 to 10000000",
      "AUTHGEAR_RESOLVER_CACHE_TTL, 61m, is more than 1h",
      "AUTHGEAR_STALE_IF_ERROR, 61m, is more than 1h",
      "AUTHGEAR_EDGE_CACHE_TTL, 61m, is more than 1h",
    })
    void read_beyondABound_saysWhich(String key, String given, String fault) {
      assertThat(fault(key, given)).isEqualTo(Problem.quote(given) + " " + fault);
    }

    @Test
    void read_drainAndMaxCalls_atTheirUpperBounds() {
      Settings settings = accepted("AUTHGEAR_DRAIN", "10m", "AUTHGEAR_RESOLVER_MAX_CALLS", "10000");

      assertThat(settings.listeners().drain()).isEqualTo(Duration.ofMinutes(10));
      assertThat(settings.resolver().maxCalls()).isEqualTo(10_000);
    }
  }

  @Nested
  class CookiePrefix {

    @Test
    void read_cookiePrefix_isKept() {
      assertThat(accepted("AUTHGEAR_COOKIE_PREFIX", "__Host-a.b_").tokens().cookiePrefix())
          .isEqualTo("__Host-a.b_");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a=", "a;", "a b", "a,", "é", "\"a\""})
    void read_otherThanACookieName_isAProblem(String given) {
      assertThat(fault("AUTHGEAR_COOKIE_PREFIX", given))
          .isEqualTo(Problem.quote(given) + " has characters that no cookie name has");
    }
  }

  @Nested
  class Listeners {

    @ParameterizedTest
    @CsvSource({
      "0.0.0.0:80, 0.0.0.0, 80",
      "127.0.0.1:0, 127.0.0.1, 0",
      "localhost:65535, localhost, 65535",
      "my-host.example:1, my-host.example, 1",
      "[::]:8443, ::, 8443",
      "[::1]:0, ::1, 0",
      "[::ffff:127.0.0.1]:1, ::ffff:127.0.0.1, 1",
    })
    void read_address(String given, String host, int port) {
      Listen address = accepted("AUTHGEAR_LISTEN", given).listeners().listen();

      assertThat(address).isEqualTo(new ListenAddress(host, port)).hasToString(given);
    }

    @ParameterizedTest
    @CsvSource({
      "8080, is not an address of the form host:port",
      ":8080, is not an address of the form host:port",
      "localhost, is not an address of the form host:port",
      "localhost:, is not an address of the form host:port",
      "localhost:http, is not an address of the form host:port",
      "localhost:-1, is not an address of the form host:port",
      "localhost:123456, is not an address of the form host:port",
      "::1:8080, is not an address of the form host:port",
      "[::1], is not an address of the form host:port",
      "http://localhost:1, is not an address of the form host:port",
      "localhost:65536, has a port above 65535",
      "[127.0.0.1]:1, has no IPv6 address in its brackets",
      "[::g]:1, has no IPv6 address in its brackets",
      "[::1::2]:1, has no IPv6 address in its brackets",
      "256.0.0.1:1, has neither an IP address nor a host name before the port",
      "10.1:1, has neither an IP address nor a host name before the port",
      "my_host:1, has neither an IP address nor a host name before the port",
      "-a:1, has neither an IP address nor a host name before the port",
      "a..b:1, has neither an IP address nor a host name before the port",
      "*:1, has neither an IP address nor a host name before the port",
    })
    void read_otherAddress_saysWhy(String given, String fault) {
      assertThat(fault("AUTHGEAR_LISTEN", given)).isEqualTo(Problem.quote(given) + " " + fault);
      assertThat(fault("AUTHGEAR_MANAGEMENT_LISTEN", given))
          .isEqualTo(Problem.quote(given) + " " + fault);
    }

    @Test
    void read_socketFile_isAccepted() {
      assertThat(accepted("AUTHGEAR_LISTEN", "unix:/run/auth.sock").listeners().listen())
          .isEqualTo(new SocketFile(Path.of("/run/auth.sock")))
          .hasToString("unix:/run/auth.sock");
    }

    @Test
    void read_socketFileWithoutAbsolutePath_isAProblem() {
      String fault = " has no absolute path of a file after unix:";
      assertThat(fault("AUTHGEAR_LISTEN", "unix:")).endsWith(fault);
      assertThat(fault("AUTHGEAR_LISTEN", "unix:auth.sock")).endsWith(fault);
      assertThat(fault("AUTHGEAR_LISTEN", "unix:/run/")).endsWith(fault);
      assertThat(fault("AUTHGEAR_MANAGEMENT_LISTEN", "unix:/run/auth.sock"))
          .endsWith(" is not an address of the form host:port");
    }

    @Test
    void read_socketFileAtTheLimitOfItsLength_isAccepted() {
      String longest = "unix:/" + "x".repeat(106);
      assertThat(accepted("AUTHGEAR_LISTEN", longest).listeners().listen()).hasToString(longest);
      assertThat(fault("AUTHGEAR_LISTEN", longest + "x"))
          .endsWith(" has a path of more than 107 bytes");
    }

    @ParameterizedTest
    @CsvSource({"0660, rw-rw----", "666, rw-rw-rw-", "0740, rwxr-----", "000, ---------"})
    void read_socketMode(String given, String permissions) {
      assertThat(accepted("AUTHGEAR_SOCKET_MODE", given).listeners().socketMode())
          .isEqualTo(PosixFilePermissions.fromString(permissions));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0o660", "rw", "66", "0668", "10660", "1660"})
    void read_otherSocketMode_isAProblem(String given) {
      assertThat(fault("AUTHGEAR_SOCKET_MODE", given))
          .isEqualTo(Problem.quote(given) + " is not a file mode such as 0660");
    }

    @ParameterizedTest
    @CsvSource({
      "127.0.0.1:1, 127.0.0.1:1",
      "localhost:1, LOCALHOST:1",
      "0.0.0.0:1, 127.0.0.1:1",
      "127.0.0.1:1, [::]:1",
    })
    void read_sameAddressTwice_isAProblem(String listen, String management) {
      assertThat(refused("AUTHGEAR_LISTEN", listen, "AUTHGEAR_MANAGEMENT_LISTEN", management))
          .containsExactly(
              new Problem(
                  "AUTHGEAR_MANAGEMENT_LISTEN",
                  Problem.quote(management) + " clashes with AUTHGEAR_LISTEN or its default",
                  "give each its own port"));
    }

    @Test
    void read_listenOnTheDefaultOfManagement_isAProblem() {
      assertThat(refused("AUTHGEAR_LISTEN", "0.0.0.0:8081"))
          .extracting(Problem::key, Problem::fault)
          .containsExactly(
              tuple(
                  "AUTHGEAR_MANAGEMENT_LISTEN",
                  "the default clashes with AUTHGEAR_LISTEN or its default"));
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1:0, 127.0.0.1:0", "127.0.0.1:1, 127.0.0.2:1", "0.0.0.0:1, 0.0.0.0:2"})
    void read_differentAddresses_areAccepted(String listen, String management) {
      Settings settings =
          accepted("AUTHGEAR_LISTEN", listen, "AUTHGEAR_MANAGEMENT_LISTEN", management);

      assertThat(settings.listeners().management()).hasToString(management);
    }
  }

  @Nested
  class Tls {

    @Test
    void read_certificateWithoutKey_isAProblem() {
      assertThat(refused("AUTHGEAR_TLS_CERTIFICATE", "/tls.crt"))
          .containsExactly(
              new Problem(
                  "AUTHGEAR_TLS_CERTIFICATE",
                  "is set without AUTHGEAR_TLS_KEY",
                  "set both, or neither to serve without TLS"));
    }

    @Test
    void read_keyAndClientCaWithoutCertificate_areProblems() {
      assertThat(refused("AUTHGEAR_TLS_KEY", "/tls.key", "AUTHGEAR_TLS_CLIENT_CA", "/ca.crt"))
          .extracting(Problem::key, Problem::fault)
          .containsExactly(
              tuple("AUTHGEAR_TLS_KEY", "is set without AUTHGEAR_TLS_CERTIFICATE"),
              tuple("AUTHGEAR_TLS_CLIENT_CA", "is set without AUTHGEAR_TLS_CERTIFICATE"));
    }

    @Test
    void read_tlsOnASocketFile_isAProblem() {
      assertThat(
              refused(
                  "AUTHGEAR_TLS_CERTIFICATE", "/tls.crt",
                  "AUTHGEAR_TLS_KEY", "/tls.key",
                  "AUTHGEAR_LISTEN", "unix:/run/auth.sock"))
          .extracting(Problem::key, Problem::fault)
          .containsExactly(
              tuple(
                  "AUTHGEAR_TLS_CERTIFICATE",
                  "is set, but AUTHGEAR_LISTEN is a file, which needs no TLS"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"AUTHGEAR_TLS_KEY", "AUTHGEAR_TLS_KEY_FILE"})
    void read_keyInPlaceOfItsPath_isNotShown(String key, @TempDir Path folder) throws Exception {
      String pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n";
      String value =
          key.endsWith("_FILE")
              ? Files.writeString(folder.resolve("tls.key"), pem).toString()
              : pem;

      List<Problem> problems = refused("AUTHGEAR_TLS_CERTIFICATE", "/tls.crt", key, value);

      assertThat(problems)
          .extracting(Problem::key, Problem::fault)
          .containsExactly(
              tuple(
                  "AUTHGEAR_TLS_KEY",
                  "the value (not shown) is what the file should hold, not the file's path"));
      assertThat(problems.toString()).doesNotContain("MC4C");
    }
  }

  @Nested
  class AllAtOnce {

    /** A value for each key that is unsound by itself. */
    private static final Map<String, String> UNSOUND =
        Map.ofEntries(
            Map.entry("AUTHGEAR_ENDPOINT", "a.example"),
            Map.entry("AUTHGEAR_INTERNAL_URL", "authgear:3000"),
            Map.entry("AUTHGEAR_RESOLVER_URL", "http://r.svc"),
            Map.entry("AUTHGEAR_ALLOW_HTTP", "maybe"),
            Map.entry("AUTHGEAR_MODE", "both"),
            Map.entry("AUTHGEAR_AUDIENCE", ","),
            Map.entry("AUTHGEAR_CLIENT_IDS", ",,"),
            Map.entry("AUTHGEAR_ALGORITHMS", "HS256"),
            Map.entry("AUTHGEAR_CLOCK_SKEW", "6m"),
            Map.entry("AUTHGEAR_COOKIE_PREFIX", "a=b"),
            Map.entry("AUTHGEAR_TOKEN_HEADER", "cookie"),
            Map.entry("AUTHGEAR_TOKEN_COOKIE", "a b"),
            Map.entry("AUTHGEAR_TOKEN_QUERY_FROM", "x_uri"),
            Map.entry("AUTHGEAR_ORIGINAL_URI_HEADER", "x url"),
            Map.entry("AUTHGEAR_POLICY_ADMIN", "rolle=admin"),
            Map.entry("AUTHGEAR_CLAIM_HEADERS", "email"),
            Map.entry("AUTHGEAR_HEADER_BUDGET", "0"),
            Map.entry("AUTHGEAR_REALM", "\""),
            Map.entry("AUTHGEAR_RESOURCE", "api"),
            Map.entry("AUTHGEAR_RESOLVER_TIMEOUT", "0s"),
            Map.entry("AUTHGEAR_RESOLVER_MAX_CALLS", "many"),
            Map.entry("AUTHGEAR_WEBHOOK_SECRET", "short"),
            Map.entry("AUTHGEAR_WEBHOOK_SECRET_PREVIOUS", "short too"),
            Map.entry("AUTHGEAR_FOLLOW_SECRET", "short"),
            Map.entry("AUTHGEAR_FRESHNESS", "soon"),
            Map.entry("AUTHGEAR_REDIS_URL", "redis.auth.svc"),
            Map.entry("AUTHGEAR_RECHECK", "on"),
            Map.entry("AUTHGEAR_CACHE_SIZE", "-1"),
            Map.entry("AUTHGEAR_RESOLVER_CACHE_TTL", "off"),
            Map.entry("AUTHGEAR_STALE_IF_ERROR", "2h"),
            Map.entry("AUTHGEAR_EDGE_CACHE_TTL", "61m"),
            Map.entry("AUTHGEAR_LISTEN", "8080"),
            Map.entry("AUTHGEAR_SOCKET_MODE", "rw"),
            Map.entry("AUTHGEAR_TLS_CERTIFICATE", "tls.crt"),
            Map.entry("AUTHGEAR_TLS_KEY", "/etc/tls/"),
            Map.entry("AUTHGEAR_TLS_CLIENT_CA", "~/ca.crt"),
            Map.entry("AUTHGEAR_MANAGEMENT_LISTEN", "8081"),
            Map.entry("AUTHGEAR_LOG_FORMAT", "yaml"),
            Map.entry("AUTHGEAR_LOG_LEVEL", "loud"),
            Map.entry("AUTHGEAR_LOG_ALLOWED", "some"),
            Map.entry("AUTHGEAR_LOG_USER_ID", "1"),
            Map.entry("AUTHGEAR_CLIENT_ADDRESS_HEADER", "host"),
            Map.entry("AUTHGEAR_DRAIN", "long"),
            Map.entry("AUTHGEAR_SHUTDOWN_DELAY", "61s"),
            Map.entry("AUTHGEAR_OTLP_ENDPOINT", "collector:4318"),
            Map.entry("AUTHGEAR_TRACE_RATIO", "1.5"),
            Map.entry("AUTHGEAR_NOT_A_SETTING", "x"));

    @Test
    void read_anySubsetOfProblems_isReportedWhole() {
      long seed = 20_261_124;
      Random random = new Random(seed);
      for (int round = 0; round < 500; round++) {
        Map<String, String> unsound = new HashMap<>(UNSOUND);
        unsound.keySet().removeIf(key -> random.nextInt(3) != 0);
        if (unsound.isEmpty()) {
          continue;
        }
        Map<String, String> environment = Reads.environment();
        environment.putAll(unsound);

        List<Problem> problems = refused(environment);

        assertThat(problems)
            .as("seed %s, round %s", seed, round)
            .extracting(Problem::key)
            .containsExactlyInAnyOrderElementsOf(unsound.keySet());
        for (Problem problem : problems) {
          if (!problem.key().equals("AUTHGEAR_NOT_A_SETTING")) {
            boolean secret = Reads.secretKeys().contains(problem.key());
            String shown = Problem.quote(unsound.getOrDefault(problem.key(), ""));
            assertThat(problem.fault()).startsWith(secret ? "the value (not shown) " : shown + " ");
          }
          assertThat(new Refused(problems).report())
              .contains(problem.key() + ": " + problem.fault() + "\n      " + problem.remedy());
        }
      }
    }

    @Test
    void read_everyKeyUnsound_hasAnEntryAbove() {
      List<String> keys = new ArrayList<>();
      Reads.all().forEach(setting -> keys.add(setting.key()));
      keys.add("AUTHGEAR_NOT_A_SETTING");

      assertThat(UNSOUND).containsOnlyKeys(keys);
    }

    @Test
    void read_contradictionsAndFaults_areReportedTogether() {
      assertThat(
              refused(
                  "AUTHGEAR_ENDPOINT", "http://a.example",
                  "AUTHGEAR_LISTEN", "localhost:1",
                  "AUTHGEAR_MANAGEMENT_LISTEN", "localhost:1",
                  "AUTHGEAR_DRAIN", "1",
                  "AUTHGEAR_DRIAN", "1s"))
          .extracting(Problem::key)
          .containsExactlyInAnyOrder(
              "AUTHGEAR_ENDPOINT",
              "AUTHGEAR_MANAGEMENT_LISTEN",
              "AUTHGEAR_DRAIN",
              "AUTHGEAR_DRIAN");
    }

    @Test
    void read_anyOrderOfTheEnvironment_givesOneReport() {
      Map<String, String> sorted = new TreeMap<>(UNSOUND);

      assertThat(refused(sorted)).isEqualTo(refused(new TreeMap<>(UNSOUND).descendingMap()));
      assertThat(refused(sorted).getFirst().key()).isEqualTo("AUTHGEAR_ENDPOINT");
    }

    @Test
    void report_ofTwoProblems_isReadable() {
      assertThat(
              new Refused(refused("AUTHGEAR_ENDPOINT", "", "AUTHGEAR_CLOCK_SKEW", "10m")).report())
          .isEqualTo(
              """
              2 problems in the settings:

                AUTHGEAR_ENDPOINT: is missing
                    accepted: https origin without a path; http on loopback or with AUTHGEAR_ALLOW_HTTP; for example https://my-project.authgear.cloud

                AUTHGEAR_CLOCK_SKEW: "10m" is more than 5m
                    accepted: duration (500ms, 30s, 5m, 1h) from 0s to 5m; for example 10s

              Start with --help to see all settings.
              """);
    }

    @Test
    void report_ofOneProblem_countsInTheSingular() {
      assertThat(new Refused(refused("AUTHGEAR_DRAIN", "x")).report())
          .startsWith("1 problem in the settings:\n");
    }
  }

  @Nested
  class Quoting {

    @Test
    void fault_valueWithControlsAndNonAscii_isEscaped() {
      assertThat(fault("AUTHGEAR_MODE", "j\"w\\t\n\u001b[0m\u00a0\u202e"))
          .isEqualTo("\"j\\\"w\\\\t\\u000a\\u001b[0m\\u00a0\\u202e\" is none of them");
    }

    @Test
    void fault_longValue_isCut() {
      assertThat(fault("AUTHGEAR_MODE", "x".repeat(201)))
          .isEqualTo("\"" + "x".repeat(200) + "\"... is none of them");
      assertThat(fault("AUTHGEAR_MODE", "x".repeat(200)))
          .isEqualTo("\"" + "x".repeat(200) + "\" is none of them");
    }
  }

  @Nested
  class Freshness {

    @Test
    void read_recheckOff_isNone() {
      assertThat(Reads.accepted("AUTHGEAR_RECHECK", "OFF").freshness().recheck()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"5s", "30s", "1h"})
    void read_recheckInBounds_isAccepted(String text) {
      assertThat(Reads.accepted("AUTHGEAR_RECHECK", text).freshness().recheck()).isPresent();
    }

    @ParameterizedTest
    @CsvSource({
      "4999ms, is less than 5s",
      "61m, is more than 1h",
      "on, is not a whole number and a unit",
      "30, has no unit"
    })
    void read_recheckElse_isRefused(String text, String fault) {
      assertThat(Reads.fault("AUTHGEAR_RECHECK", text)).isEqualTo("\"" + text + "\" " + fault);
    }

    @Test
    void read_recheckInModeJwt_isAContradiction() {
      assertThat(Reads.refused("AUTHGEAR_MODE", "jwt", "AUTHGEAR_RECHECK", "30s"))
          .containsExactly(
              new Problem(
                  "AUTHGEAR_RECHECK",
                  "\"30s\" asks the resolver, which AUTHGEAR_MODE=jwt never does",
                  "leave it out, or set AUTHGEAR_MODE=auto"));
      assertThat(
              Reads.accepted("AUTHGEAR_MODE", "jwt", "AUTHGEAR_RECHECK", "off")
                  .freshness()
                  .recheck())
          .isEmpty();
    }
  }
}
