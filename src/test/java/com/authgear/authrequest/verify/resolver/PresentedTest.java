package com.authgear.authrequest.verify.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.NoCookies;
import org.junit.jupiter.api.Test;

class PresentedTest {

  @Test
  void of_bearerWithCookies_takesBoth() {
    assertThat(Presented.of(new Bearer("opaque", new Cookies("session=s"))))
        .isEqualTo(new Presented("opaque", "session=s"));
  }

  @Test
  void of_bearerWithoutCookies_takesTheToken() {
    assertThat(Presented.of(new Bearer("opaque", new NoCookies())))
        .isEqualTo(new Presented("opaque", null));
  }

  @Test
  void of_cookies_takesThem() {
    assertThat(Presented.of(new Cookies("session=s"))).isEqualTo(new Presented(null, "session=s"));
  }

  @Test
  void new_nothing_isABug() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Presented(null, null));
  }

  @Test
  void new_unsendableText_isABugThatDoesNotShowIt() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Presented("s3cret\r\nX-Evil: 1", null))
        .withMessageNotContaining("s3cret");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Presented(null, "session=s3cret\u00e9"))
        .withMessageNotContaining("s3cret");
  }

  @Test
  void toString_credentials_areNotShown() {
    assertThat(new Presented("s3cret", "session=s3cret").toString()).doesNotContain("s3cret");
  }
}
