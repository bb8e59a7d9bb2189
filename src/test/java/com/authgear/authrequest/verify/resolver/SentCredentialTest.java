package com.authgear.authrequest.verify.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Sent;
import org.junit.jupiter.api.Test;

class SentCredentialTest {

  @Test
  void of_oneOfSeveral_isAlone() {
    Credential.Presented bearer = (Credential.Presented) Sent.bearer("opaque", "session=s");
    assertThat(SentCredential.of(bearer)).isEqualTo(new SentCredential("opaque", null));
    assertThat(SentCredential.of((Credential.Presented) bearer.next()))
        .isEqualTo(new SentCredential(null, "session=s"));
  }

  @Test
  void of_cookie_isWhatGoReadsTheSameWay() {
    assertThat(SentCredential.of((Credential.Presented) Sent.cookies("session=\"s\"")))
        .isEqualTo(new SentCredential(null, "session=s"));
    assertThat(SentCredential.of((Credential.Presented) Sent.cookies("session=\" s \"")))
        .isEqualTo(new SentCredential(null, "session=\" s \""));
  }

  @Test
  void new_nothing_isABug() {
    assertThatIllegalArgumentException().isThrownBy(() -> new SentCredential(null, null));
  }

  @Test
  void new_unsendableText_isABugThatDoesNotShowIt() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SentCredential("s3cret\r\nX-Evil: 1", null))
        .withMessageNotContaining("s3cret");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SentCredential(null, "session=s3cret\u00e9"))
        .withMessageNotContaining("s3cret");
  }

  @Test
  void toString_credentials_areNotShown() {
    assertThat(new SentCredential("s3cret", "session=s3cret").toString()).doesNotContain("s3cret");
  }
}
