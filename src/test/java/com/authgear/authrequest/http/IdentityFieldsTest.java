package com.authgear.authrequest.http;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.authgear.authrequest.policy.Decision.Subject.Known;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentityFieldsTest {

  private final IdentityFields identity = new IdentityFields(List.of());

  private static Principal user(String id) {
    return new Principal(
        Kind.USER,
        id,
        false,
        true,
        true,
        List.of(),
        List.of(),
        OptionalLong.empty(),
        "",
        List.of(),
        List.of(),
        Map.of());
  }

  private String userIdFor(Principal principal) {
    return requireNonNull(identity.of(new Known(principal)).byName().get("x-authgear-user-id"));
  }

  @Test
  void of_farMorePrincipalsThanPlacesFromManyThreads_isAlwaysTheirOwn() {
    List<Principal> users = IntStream.range(0, 20_000).mapToObj(n -> user("user-" + n)).toList();

    for (int round = 0; round < 3; round++) {
      List<String> seen = users.parallelStream().map(this::userIdFor).toList();

      assertThat(seen).isEqualTo(users.stream().map(Principal::userId).toList());
    }
  }

  @Test
  void of_theSamePrincipalAgain_isPreparedOnce() {
    Principal user = user("user-1");

    assertThat(identity.of(new Known(user))).isSameAs(identity.of(new Known(user)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nx-authgear-user-roles: admin", "a\n", "a\u0000", "a\u007f"})
  void of_aControlCharacterThatAVerifierLetPass_isABug(String id) {
    assertThatIllegalStateException().isThrownBy(() -> identity.of(new Known(user(id))));
  }
}
