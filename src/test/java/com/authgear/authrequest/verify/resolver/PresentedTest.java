package com.authgear.authrequest.verify.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Sent;
import org.junit.jupiter.api.Test;

class PresentedTest {

  @Test
  void of_oneOfSeveral_isAlone() {
    Credential.Presented bearer = (Credential.Presented) Sent.bearer("opaque", "session=s");
    assertThat(Presented.of(bearer)).isEqualTo(new Presented("opaque", null));
    assertThat(Presented.of((Credential.Presented) bearer.next()))
        .isEqualTo(new Presented(null, "session=s"));
  }

  @Test
  void of_cookie_isWhatGoReadsTheSameWay() {
    assertThat(Presented.of((Credential.Presented) Sent.cookies("session=\"s\"")))
        .isEqualTo(new Presented(null, "session=s"));
    assertThat(Presented.of((Credential.Presented) Sent.cookies("session=\" s \"")))
        .isEqualTo(new Presented(null, "session=\" s \""));
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
