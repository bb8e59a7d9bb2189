package com.authgear.authrequest.credential;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.Defect;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.None;
import com.authgear.authrequest.credential.Credential.Presented;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialExtractorTest {
  private final CredentialExtractor extractor = new CredentialExtractor("", TokenCarriers.NONE);

  private Credential authorization(String... values) {
    return extractor.extract(fields(List.of(values), List.of()));
  }

  private static Presented bearer(String token, Credential next) {
    return new Presented(CredentialPlace.BEARER, "", token, next);
  }

  private static Presented session(String value) {
    return new Presented(CredentialPlace.SESSION, "session", value, new None());
  }

  private Credential cookies(String... headers) {
    return extractor.extract(fields(List.of(), List.of(headers)));
  }

  private static RequestFields fields(List<String> authorization, List<String> cookie) {
    return fields(Map.of("Authorization", authorization, "Cookie", cookie));
  }

  private static RequestFields fields(Map<String, List<String>> all) {
    return name -> all.getOrDefault(name, List.of());
  }

  @Test
  void extract_nothing_isNone() {
    assertThat(authorization()).isEqualTo(new None());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Basic dTpw",
        "Bearerx",
        "DPoP abc",
        "",
        "Bearer\tabc",
        "bearer\tabc",
        "Bearer\u00a0abc"
      })
  void extract_otherScheme_isNone(String value) {
    assertThat(authorization(value)).isEqualTo(new None());
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bearer abc", "bearer abc", "BEARER abc", "Bearer   abc"})
  void extract_bearerInAnyCase_isTheToken(String value) {
    assertThat(authorization(value)).isEqualTo(bearer("abc", new None()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,b",
        "Bearer =",
        "Bearer \"a\"",
        "Bearer \tabc"
      })
  void extract_brokenBearer_isMalformed(String value) {
    assertThat(authorization(value)).isEqualTo(new Malformed(Defect.SYNTAX));
  }

  @Test
  void extract_severalAuthorizations_isMalformed() {
    assertThat(authorization("Bearer a", "Bearer a")).isEqualTo(new Malformed(Defect.SYNTAX));
    assertThat(authorization("Basic a", "Bearer a")).isEqualTo(new Malformed(Defect.SYNTAX));
  }

  @Test
  void extract_tokenOfSixteenKib_isTakenAndOneMoreIsTooLarge() {
    assertThat(authorization("Bearer " + "a".repeat(16 * 1024))).isInstanceOf(Presented.class);
    assertThat(authorization("Bearer " + "a".repeat(16 * 1024 + 1)))
        .isEqualTo(new Malformed(Defect.TOO_LARGE));
  }

  @Test
  void extract_cookies_keepsOnlyAuthgears() {
    assertThat(
            extractor.extract(
                fields(
                    List.of(),
                    List.of(
                        "theme=dark; session=s1; sessionx=1", "app_access_token=t; xsession=2"))))
        .isEqualTo(
            new Presented(
                CredentialPlace.APP_ACCESS_TOKEN, "app_access_token", "t", session("s1")));
  }

  @Test
  void extract_bearerAndCookies_keepsTheCookiesToFallBackOn() {
    assertThat(extractor.extract(fields(List.of("Bearer t"), List.of("session=s"))))
        .isEqualTo(bearer("t", session("s")));
  }

  @Test
  void extract_cookies_areInTheOrderInWhichTheyCount() {
    assertThat(cookies("session=s", "app_access_token=t; app_session=a"))
        .isEqualTo(
            new Presented(
                CredentialPlace.APP_SESSION,
                "app_session",
                "a",
                new Presented(
                    CredentialPlace.APP_ACCESS_TOKEN, "app_access_token", "t", session("s"))));
  }

  @Test
  void extract_cookieThatCannotBeAuthgears_isIgnored() {
    String tooLong = "s".repeat(CredentialExtractor.MAX_TOKEN_BYTES + 1);
    for (String foreign :
        List.of("{\"a\": 1}", "caf\u00e9", "a\\b", "a\u0001b", "\"", "", tooLong)) {
      assertThat(extractor.extract(fields(List.of("Bearer t"), List.of("session=" + foreign))))
          .as(foreign)
          .isEqualTo(bearer("t", new None()));
      assertThat(cookies("session=" + foreign)).as(foreign).isEqualTo(new None());
    }
    assertThat(cookies("session=" + tooLong + "; session=s"))
        .as("the first of a name counts")
        .isEqualTo(new None());
  }

  @Test
  void looksLikeJwt_whereAuthgearMayReadOne() {
    assertThat(bearer("a.b", new None()).looksLikeJwt()).isTrue();
    assertThat(session("id.secret").looksLikeJwt()).isFalse();
    assertThat(session("a.b.c").looksLikeJwt()).isTrue();
    assertThat(
            new Presented(CredentialPlace.APP_ACCESS_TOKEN, "app_access_token", "a.b", new None())
                .looksLikeJwt())
        .isTrue();
  }

  @Test
  void extract_cookiePrefix_isPartOfTheName() {
    CredentialExtractor prefixed = new CredentialExtractor("acme_", TokenCarriers.NONE);
    assertThat(prefixed.extract(fields(List.of(), List.of("session=a; acme_session=b"))))
        .isEqualTo(new Presented(CredentialPlace.SESSION, "acme_session", "b", new None()));
  }

  @Test
  void toString_neverShowsASecret() {
    assertThat(bearer("secret", session("secret")).toString()).doesNotContain("secret");
  }

  private static final CredentialExtractor CARRIED =
      new CredentialExtractor("", new TokenCarriers("x-token", "token", "x-original-uri"));

  private static Credential carried(
      String authorization, String header, String cookie, String uri) {
    return CARRIED.extract(
        fields(
            Map.of(
                "Authorization", list(authorization),
                "x-token", list(header),
                "Cookie", list(cookie),
                "x-original-uri", list(uri))));
  }

  private static List<String> list(String value) {
    return value.isEmpty() ? List.of() : List.of(value);
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "Bearer t | '' | '' | ''",
        "'' | t | '' | ''",
        "'' | Bearer t | '' | ''",
        "Basic dTpw | t | '' | ''",
        "'' | '' | a=b; token=t | ''",
        "'' | '' | token=\"t\" | ''",
        "'' | '' | token=a b; token=t | ''",
        "'' | '' | '' | /ws?a=b&access_token=t",
        "'' | '' | '' | https://a.example/ws?access_token=%74",
        "'' | '' | '' | /ws?access_token=t&access_token=t",
        "Bearer t | t | token=t | /?access_token=t",
      },
      delimiter = '|')
  void extract_oneToken_whereverItStands(
      String authorization, String header, String cookie, String uri) {
    assertThat(carried(authorization, header, cookie, uri)).isEqualTo(bearer("t", new None()));
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "Bearer t | u | '' | ''",
        "Bearer t | '' | token=u | ''",
        "Bearer t | '' | '' | /?access_token=u",
        "'' | t | token=u | ''",
        "'' | '' | token=t; token=u | ''",
        "'' | '' | '' | /?access_token=t&access_token=u",
        "'' | '' | '' | /?access_token=%zz",
        "'' | a b | '' | ''",
        "Bearer | t | '' | ''",
      },
      delimiter = '|')
  void extract_twoTokensOrABrokenOne_isMalformed(
      String authorization, String header, String cookie, String uri) {
    assertThat(carried(authorization, header, cookie, uri)).isEqualTo(new Malformed(Defect.SYNTAX));
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "' ' | token= | /?access_token=",
        "'' | xtoken=t | /access_token=t",
        "'' | '' | /?xaccess_token=t",
      },
      delimiter = '|')
  void extract_nothingCarried_isNone(String header, String cookie, String uri) {
    assertThat(carried("", header, cookie, uri)).isEqualTo(new None());
  }

  @Test
  void extract_carriersNotNamed_areNotLookedAt() {
    assertThat(
            extractor.extract(
                fields(
                    Map.of(
                        "x-token", List.of("t"),
                        "Cookie", List.of("token=t"),
                        "x-original-uri", List.of("/?access_token=t")))))
        .isEqualTo(new None());
  }

  @Test
  void extract_carriedToken_fallsBackOnCookies() {
    assertThat(carried("", "t", "session=s", "")).isEqualTo(bearer("t", session("s")));
  }

  @Test
  void extract_carriedTokenTooLarge_isTooLarge() {
    assertThat(carried("", "t".repeat(CredentialExtractor.MAX_TOKEN_BYTES + 1), "", ""))
        .isEqualTo(new Malformed(Defect.TOO_LARGE));
  }

  /** Whoever caches by Authorization and Cookie must not give this answer to the next client. */
  @Test
  void isAmbiguous_tokenWhereNoCacheLooks() {
    assertThat(CARRIED.isAmbiguous(fields(Map.of("x-token", List.of("t"))))).isTrue();
    assertThat(CARRIED.isAmbiguous(fields(Map.of("x-original-uri", List.of("/?access_token=t")))))
        .isTrue();
    assertThat(CARRIED.isAmbiguous(fields(Map.of("x-original-uri", List.of("/?access_token=%z")))))
        .isTrue();
    assertThat(CARRIED.isAmbiguous(fields(Map.of("x-original-uri", List.of("/?a=b"))))).isFalse();
    assertThat(CARRIED.isAmbiguous(fields(List.of("Bearer t"), List.of("token=t")))).isFalse();
    assertThat(extractor.isAmbiguous(fields(Map.of("x-token", List.of("t"))))).isFalse();
  }

  /** nginx's {@code $cookie_session}, and others, read these otherwise than Go does. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "session=a; session=b",
        "session=; session=a",
        "session=a; Session=b",
        "Session=a",
        "session =a",
        "session= a",
        "session=\"a\"",
        "a=b,session=c; session=d",
        "session=a,b",
        "\tsession=a",
        "session",
      })
  void isAmbiguous_cookieThatOthersReadOtherwise(String cookie) {
    assertThat(extractor.isAmbiguous(fields(List.of(), List.of(cookie)))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "session=a",
        "a=b; session=c; d=e,f",
        "session={\"a\":1}",
        "xsession=a; session=b"
      })
  void isAmbiguous_plainCookie_isNot(String cookie) {
    assertThat(extractor.isAmbiguous(fields(List.of(), List.of(cookie)))).isFalse();
  }
}
