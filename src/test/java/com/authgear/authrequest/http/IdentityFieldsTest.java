package com.authgear.authrequest.http;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.authgear.authrequest.policy.Decision.Subject.Known;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.support.PrincipalBuilder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.eclipse.jetty.http.HttpVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentityFieldsTest {

  private final IdentityFields identity = new IdentityFields(List.of());

  private static Principal user(String id) {
    return user(id, Map.of());
  }

  private static Principal user(String id, Map<String, String> claims) {
    return PrincipalBuilder.user(id)
        .anonymous(false)
        .verified(true)
        .canReauthenticate(true)
        .claims(claims)
        .build();
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

  /** Every mixture of traits, with values that are the same object in many, as caches make them. */
  @Test
  void of_traitsThatManyShare_areNeverAnothers() {
    List<List<String>> lists = List.of(List.of(), List.of("a"), List.of("b", "c"));
    List<Boolean> flags = Arrays.asList(null, true, false);
    Random random = new Random(1);
    List<Principal> users =
        Stream.generate(
                () ->
                    PrincipalBuilder.of(
                            random.nextInt(5) == 0 ? Kind.CLIENT : Kind.USER,
                            "user-" + random.nextInt())
                        .anonymous(flags.get(random.nextInt(3)))
                        .verified(flags.get(random.nextInt(3)))
                        .canReauthenticate(flags.get(random.nextInt(3)))
                        .roles(lists.get(random.nextInt(3)))
                        .amr(lists.get(random.nextInt(3)))
                        .authTime(
                            random.nextBoolean()
                                ? OptionalLong.empty()
                                : OptionalLong.of(random.nextInt(2_000_000_000)))
                        .clientId(List.of("", "app", "site").get(random.nextInt(3)))
                        .scopes(lists.get(random.nextInt(3)))
                        .build())
            .limit(50_000)
            .toList();

    for (Principal user : users) {
      Map<String, String> expected = new LinkedHashMap<>();
      for (IdentityHeader header : IdentityHeader.values()) {
        expected.put(header.headerName(), header.of(user));
      }
      EncodedFields fields = identity.of(new Known(user));
      assertThat(fields.byName()).containsExactlyEntriesOf(expected);
      assertThat(fields.bytes())
          .isEqualTo(fields.getEncodedLength(HttpVersion.HTTP_1_1))
          .isEqualTo(
              expected.entrySet().stream()
                  .mapToInt(field -> EncodedFields.bytes(field.getKey(), field.getValue()))
                  .sum());
    }
  }

  @Test
  void of_claimsOfTwoPrincipalsThatAreOtherwiseAlike_areTheirOwn() {
    IdentityFields claiming = new IdentityFields(List.of(new ClaimHeader("email", "x-email")));

    assertThat(
            Stream.of(Map.of("email", "a@example.com"), Map.<String, String>of())
                .map(own -> claiming.of(new Known(user("user-1", own))).byName().get("x-email")))
        .containsExactly("a@example.com", "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nx-authgear-user-roles: admin", "a\n", "a\u0000", "a\u007f"})
  void of_aControlCharacterThatAVerifierLetPass_isABug(String id) {
    assertThatIllegalStateException().isThrownBy(() -> identity.of(new Known(user(id))));
  }
}
