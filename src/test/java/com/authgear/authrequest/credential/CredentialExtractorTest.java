package com.authgear.authrequest.credential;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.Fault;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.NoCookies;
import com.authgear.authrequest.credential.Credential.None;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialExtractorTest {
  private final CredentialExtractor extractor = new CredentialExtractor("");

  private Credential authorization(String... values) {
    return extractor.extract(List.of(values), List.of());
  }

  @Test
  void extract_nothing_isNone() {
    assertThat(authorization()).isEqualTo(new None());
  }

  @ParameterizedTest
  @ValueSource(strings = {"Basic dTpw", "Bearerx", "DPoP abc", ""})
  void extract_otherScheme_isNone(String value) {
    assertThat(authorization(value)).isEqualTo(new None());
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bearer abc", "bearer abc", "BEARER abc", "Bearer   abc"})
  void extract_bearerInAnyCase_isTheToken(String value) {
    assertThat(authorization(value)).isEqualTo(new Bearer("abc", new NoCookies()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer =", "Bearer \"a\""})
  void extract_brokenBearer_isMalformed(String value) {
    assertThat(authorization(value)).isEqualTo(new Malformed(Fault.SYNTAX));
  }

  @Test
  void extract_severalAuthorizations_isMalformed() {
    assertThat(authorization("Bearer a", "Bearer a")).isEqualTo(new Malformed(Fault.SYNTAX));
    assertThat(authorization("Basic a", "Bearer a")).isEqualTo(new Malformed(Fault.SYNTAX));
  }

  @Test
  void extract_tokenOfSixteenKib_isTakenAndOneMoreIsTooLarge() {
    assertThat(authorization("Bearer " + "a".repeat(16 * 1024))).isInstanceOf(Bearer.class);
    assertThat(authorization("Bearer " + "a".repeat(16 * 1024 + 1)))
        .isEqualTo(new Malformed(Fault.TOO_LARGE));
  }

  @Test
  void extract_cookies_keepsOnlyAuthgears() {
    assertThat(
            extractor.extract(
                List.of(),
                List.of("theme=dark; session=s1; sessionx=1", "app_access_token=t; xsession=2")))
        .isEqualTo(new Cookies("session=s1; app_access_token=t"));
  }

  @Test
  void extract_bearerAndCookies_keepsTheCookiesToFallBackOn() {
    assertThat(extractor.extract(List.of("Bearer t"), List.of("session=s")))
        .isEqualTo(new Bearer("t", new Cookies("session=s")));
  }

  @Test
  void extract_cookiePrefix_isPartOfTheName() {
    CredentialExtractor prefixed = new CredentialExtractor("acme_");
    assertThat(prefixed.extract(List.of(), List.of("session=a; acme_session=b")))
        .isEqualTo(new Cookies("acme_session=b"));
  }

  @Test
  void toString_neverShowsASecret() {
    assertThat(new Bearer("secret", new Cookies("session=secret")).toString())
        .doesNotContain("secret");
  }
}
