package com.authgear.authrequest.bearer;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.Challenge.ErrorCode;
import java.net.URI;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ChallengeTest {
  private static final ProtectionSpace ORDERS =
      new ProtectionSpace(
          "orders", URI.create("https://a.example/.well-known/oauth-protected-resource"));

  @Test
  void toHeader_noCredentials_isTheSchemeAlone() {
    assertThat(Challenge.plain().toHeader(ProtectionSpace.UNNAMED)).isEqualTo("Bearer");
  }

  @Test
  void toHeader_noCredentials_saysWhereItComesFrom() {
    assertThat(Challenge.plain().toHeader(ORDERS))
        .isEqualTo(
            "Bearer realm=\"orders\","
                + " resource_metadata=\"https://a.example/.well-known/oauth-protected-resource\"");
  }

  @Test
  void toHeader_stepUp_saysTheAgeThatIsAccepted() {
    assertThat(
            new Challenge(
                    ErrorCode.INSUFFICIENT_USER_AUTHENTICATION, List.of(), OptionalLong.of(300))
                .toHeader(new ProtectionSpace("orders", null)))
        .isEqualTo(
            "Bearer realm=\"orders\", error=\"insufficient_user_authentication\","
                + " max_age=\"300\"");
  }

  @Test
  void toHeader_scope_saysWhatIsNeeded() {
    assertThat(
            new Challenge(
                    ErrorCode.INSUFFICIENT_SCOPE, List.of("read", "write:x"), OptionalLong.empty())
                .toHeader(ProtectionSpace.UNNAMED))
        .isEqualTo("Bearer error=\"insufficient_scope\", scope=\"read write:x\"");
  }
}
