package com.authgear.authrequest.verify.jwt;

import static com.authgear.authrequest.verify.jwt.Tokens.ISSUER;
import static com.authgear.authrequest.verify.jwt.Tokens.KEY;
import static com.authgear.authrequest.verify.jwt.Tokens.NOW;
import static com.authgear.authrequest.verify.jwt.Tokens.OTHER_KEY;
import static com.authgear.authrequest.verify.jwt.Tokens.encode;
import static com.authgear.authrequest.verify.jwt.Tokens.header;
import static com.authgear.authrequest.verify.jwt.Tokens.publicKey;
import static com.authgear.authrequest.verify.jwt.Tokens.sign;
import static com.authgear.authrequest.verify.jwt.Tokens.userClaims;
import static com.authgear.authrequest.verify.jwt.Tokens.withClaims;
import static com.authgear.authrequest.verify.jwt.Tokens.withHeader;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.support.PrincipalBuilder;
import com.authgear.authrequest.verify.CacheCounts;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Finding;
import com.authgear.authrequest.verify.Pending;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jca.JCAContext;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class JwtVerifierTest {
  private static final long SKEW = 30;

  private final AtomicLong now = new AtomicLong(NOW);
  private final InstantSource clock = () -> Instant.ofEpochSecond(now.get());
  private final AtomicInteger fetches = new AtomicInteger();
  private final List<KeySet.Key> published = new ArrayList<>(List.of(publicKey(KEY)));
  private boolean keyServerDown;
  private Keys keys = newKeys();
  private final CacheCounts counts = new CacheCounts();
  private final TokenCache cache = new TokenCache(100, counts);
  private JwtVerifier verifier = newVerifier();

  private Keys newKeys() {
    return new Keys(this::fetch, clock, Keys.Timing.DEFAULT, (_, _) -> {});
  }

  private JwtVerifier newVerifier() {
    return new JwtVerifier(
        keys, ISSUER, Set.of("RS256"), Duration.ofSeconds(SKEW), clock, Set.of(), cache);
  }

  private KeySet fetch() throws KeyFetchException {
    fetches.incrementAndGet();
    if (keyServerDown) {
      throw new KeyFetchException("down");
    }
    return new KeySet(published, now.get());
  }

  private Verification verify(String token) {
    return verifier.verify(token, Digest.ofToken(token)).await();
  }

  private Finding verifyNow(String token) {
    return verifier.verify(token, Digest.ofToken(token));
  }

  @BeforeEach
  void loadKeys() {
    keys.start();
    Awaitility.await().until(() -> keys.problem() == null);
  }

  @AfterEach
  void close() {
    keys.close();
  }

  @Test
  void verify_validToken_tellsWholePrincipal() {
    assertThat(verifyNow(withClaims(_ -> {})))
        .isEqualTo(
            new Verified(
                VerifiedBy.JWT,
                PrincipalBuilder.user("e3079029-f123-4c56-80c1-c2cd63a5b6af")
                    .anonymous(false)
                    .verified(true)
                    .canReauthenticate(true)
                    .roles(List.of("editor", "admin"))
                    .amr(List.of("pwd", "otp"))
                    .authTime(OptionalLong.of(NOW - 120))
                    .clientId("497d841ea22f33d3")
                    .scopes(List.of("openid", "offline_access"))
                    .audiences(List.of(ISSUER))
                    .build(),
                NOW - 60,
                NOW + 1740 + SKEW));
  }

  @Test
  void verify_machineToken_isAClientWithoutUserId() {
    String token =
        withClaims(
            claims -> {
              claims.keySet().removeIf(name -> name.startsWith("https://"));
              claims.put("sub", "client_id_497d841ea22f33d3");
              claims.put("aud", List.of("https://api.example.com"));
            });
    assertThat(verifyNow(token))
        .isInstanceOfSatisfying(
            Verified.class,
            verified -> {
              assertThat(verified.principal().kind()).isEqualTo(Principal.Kind.CLIENT);
              assertThat(verified.principal().userId()).isEmpty();
              assertThat(verified.principal().audiences())
                  .containsExactly("https://api.example.com");
            });
  }

  static Stream<Arguments> refused() throws Exception {
    String valid = withClaims(_ -> {});
    String[] parts = valid.split("\\.", -1);
    String payload = JSONObjectUtils.toJSONString(userClaims());
    String hsInput =
        encode("{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"key-1\"}") + "." + parts[1];
    String hs =
        hsInput
            + "."
            + new MACSigner(KEY.toRSAPublicKey().getEncoded())
                .sign(
                    new com.nimbusds.jose.JWSHeader(com.nimbusds.jose.JWSAlgorithm.HS256),
                    hsInput.getBytes(StandardCharsets.US_ASCII));
    String user = "https://authgear.com/claims/user/";
    return Stream.of(
        refusal("one dot", "a.b", Reason.MALFORMED_TOKEN),
        refusal("five parts", "a.b.c.d.e", Reason.MALFORMED_TOKEN),
        refusal("no header", "." + parts[1] + "." + parts[2], Reason.MALFORMED_TOKEN),
        refusal("broken base64", "+" + valid, Reason.MALFORMED_TOKEN),
        refusal("broken JSON", encode("{\"alg\":") + ".e30.x", Reason.MALFORMED_TOKEN),
        refusal("header is an array", encode("[]") + ".e30.x", Reason.MALFORMED_TOKEN),
        refusal("payload is no JSON", sign(header(), "hello"), Reason.MALFORMED_TOKEN),
        refusal(
            "duplicate claim",
            sign(header(), payload.replaceFirst("\\{", "{\"sub\":\"x\",")),
            Reason.MALFORMED_TOKEN),
        refusal(
            "duplicate header parameter",
            encode("{\"typ\":\"at+jwt\",\"alg\":\"RS256\",\"alg\":\"RS256\",\"kid\":\"key-1\"}")
                + "."
                + parts[1]
                + "."
                + parts[2],
            Reason.MALFORMED_TOKEN),
        refusal("ID token", withHeader(h -> h.put("typ", "JWT")), Reason.WRONG_TYPE),
        refusal("no typ", withHeader(h -> h.remove("typ")), Reason.WRONG_TYPE),
        refusal("HS256 with the public key", hs, Reason.ALGORITHM_NOT_ALLOWED),
        refusal(
            "none",
            encode("{\"alg\":\"none\",\"typ\":\"at+jwt\"}") + "." + parts[1] + ".",
            Reason.ALGORITHM_NOT_ALLOWED),
        refusal("crit", withHeader(h -> h.put("crit", List.of("exp"))), Reason.CRITICAL_HEADER),
        refusal("no kid", withHeader(h -> h.remove("kid")), Reason.UNKNOWN_KEY),
        refusal(
            "embedded jwk of another key",
            withHeader(h -> h.put("jwk", OTHER_KEY.toPublicJWK().toJSONObject()))
                    .replaceFirst("[^.]+$", "")
                + parts[2],
            Reason.BAD_SIGNATURE),
        refusal("no signature", parts[0] + "." + parts[1] + ".", Reason.BAD_SIGNATURE),
        refusal(
            "payload changed",
            parts[0] + "." + encode(payload.replace("editor", "owner")) + "." + parts[2],
            Reason.BAD_SIGNATURE),
        refusal("no iss", withClaims(c -> c.remove("iss")), Reason.WRONG_ISSUER),
        refusal(
            "another project",
            withClaims(c -> c.put("iss", "https://other.authgear.cloud")),
            Reason.WRONG_ISSUER),
        refusal(
            "slash after iss", withClaims(c -> c.put("iss", ISSUER + "/")), Reason.WRONG_ISSUER),
        refusal("no exp", withClaims(c -> c.remove("exp")), Reason.MISSING_CLAIM),
        refusal("exp is a text", withClaims(c -> c.put("exp", "soon")), Reason.MALFORMED_TOKEN),
        refusal("exp is endless", withClaims(c -> c.put("exp", 1e300)), Reason.MALFORMED_TOKEN),
        refusal("no sub", withClaims(c -> c.remove("sub")), Reason.MISSING_CLAIM),
        refusal("empty sub", withClaims(c -> c.put("sub", "")), Reason.MISSING_CLAIM),
        refusal(
            "sub of another client",
            withClaims(c -> c.put("sub", "client_id_other")),
            Reason.MISSING_CLAIM),
        refusal("cnf", withClaims(c -> c.put("cnf", Map.of())), Reason.SENDER_CONSTRAINED),
        refusal("line break", withClaims(c -> c.put("sub", "a\r\nx: y")), Reason.UNSAFE_VALUE),
        refusal("non-ASCII", withClaims(c -> c.put("client_id", "é")), Reason.UNSAFE_VALUE),
        refusal(
            "comma in a role",
            withClaims(c -> c.put(user + "roles", List.of("a,admin"))),
            Reason.UNSAFE_VALUE),
        refusal("space in amr", withClaims(c -> c.put("amr", List.of("a b"))), Reason.UNSAFE_VALUE),
        refusal(
            "flag is a text",
            withClaims(c -> c.put(user + "is_verified", "true")),
            Reason.MALFORMED_TOKEN));
  }

  private static Arguments refusal(String name, String token, Reason reason) {
    return Arguments.of(name, token, reason);
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("refused")
  void verify_brokenToken_isRejectedWithItsReason(String name, String token, Reason reason) {
    assertThat(verify(token)).as(name).isEqualTo(new Rejected(VerifiedBy.JWT, reason));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void verify_brokenTokenAfterAGoodOne_isRejectedAllTheSame(
      String name, String token, Reason reason) {
    assertThat(verify(withClaims(_ -> {}))).isInstanceOf(Verified.class);

    assertThat(verify(token)).as(name).isEqualTo(new Rejected(VerifiedBy.JWT, reason));
  }

  @Test
  void verify_anotherLastCharacterOfTheSignature_isABadSignature() {
    String token = withClaims(_ -> {});
    int last = token.length() - 1;
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (char another : alphabet.replace(token.substring(last), "").toCharArray()) {
      assertThat(verify(token.substring(0, last) + another))
          .as("%s instead of %s", another, token.charAt(last))
          .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.BAD_SIGNATURE));
    }
  }

  @Test
  void verify_tokenExpiringNow_isRejected() {
    String token = withClaims(claims -> claims.put("exp", NOW - SKEW));
    assertThat(verifyNow(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.EXPIRED));
  }

  @Test
  void verify_tokenExpiringInASecond_isVerified() {
    assertThat(verifyNow(withClaims(claims -> claims.put("exp", NOW - SKEW + 1))))
        .isInstanceOf(Verified.class);
  }

  @Test
  void verify_notBeforeAtTheSkew_isVerifiedAndASecondLaterRejected() {
    assertThat(verifyNow(withClaims(claims -> claims.put("nbf", NOW + SKEW))))
        .isInstanceOf(Verified.class);
    assertThat(verifyNow(withClaims(claims -> claims.put("nbf", NOW + SKEW + 1))))
        .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.NOT_YET_VALID));
  }

  @Test
  void verify_issuedBeyondTheSkew_isRejected() {
    assertThat(verifyNow(withClaims(claims -> claims.put("iat", NOW + SKEW + 1))))
        .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.NOT_YET_VALID));
  }

  private static String madeUp(String kid) {
    return withHeader(h -> h.put("kid", kid)).replaceFirst("[^.]+$", "AAAA");
  }

  @Test
  void verify_manyUnknownKeys_fetchOncePerSecond() {
    int before = fetches.get();
    for (int second = 0; second < 10; second++) {
      for (int i = 0; i < 100; i++) {
        verify(madeUp("unknown-" + second + "-" + i));
      }
      now.addAndGet(1);
    }
    assertThat(fetches.get() - before).isEqualTo(10);
  }

  /** A 401 would log single-page apps out, and the token may be good. */
  @Test
  void verify_unknownKeyThatNobodyCouldLookUp_isNotTheCallersFault() {
    assertThat(verify(madeUp("a"))).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.UNKNOWN_KEY));
    assertThat(verify(madeUp("b")))
        .isEqualTo(new Unavailable(VerifiedBy.JWT, Reason.KEYS_UNAVAILABLE));
  }

  @Test
  void verify_keyKnownToBeAbsent_isTheCallersFaultAndCostsNoFetch() {
    verify(madeUp("a"));
    int before = fetches.get();
    now.addAndGet(Keys.Timing.DEFAULT.absence().toSeconds() - 1);
    for (int i = 0; i < 100; i++) {
      assertThat(verifyNow(madeUp("a")))
          .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.UNKNOWN_KEY));
    }
    assertThat(fetches.get()).isEqualTo(before);

    now.addAndGet(1);
    verify(madeUp("a"));
    assertThat(fetches.get()).isEqualTo(before + 1);
  }

  @Test
  void verify_rotationUnderAFloodOfMadeUpKeys_isSeenWithinASecond() {
    verify(madeUp("a"));
    published.set(0, publicKey(OTHER_KEY));
    String rotated = withHeader(h -> h.put("kid", "key-2"));
    assertThat(verify(rotated)).isEqualTo(new Unavailable(VerifiedBy.JWT, Reason.KEYS_UNAVAILABLE));

    now.addAndGet(1);
    verify(madeUp("b"));
    assertThat(verify(rotated))
        .as("known now, though signed by another key")
        .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.BAD_SIGNATURE));
  }

  @Test
  void verify_manyAbsentKeys_areForgottenInBoundedMemory() {
    for (int i = 0; i < 5_000; i++) {
      verify(madeUp("k" + i));
      now.addAndGet(1);
    }
    assertThat(verify(madeUp("k" + "x".repeat(300))))
        .as("no key of Authgear's")
        .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.UNKNOWN_KEY));
    assertThat(keys.absentKeys()).isEqualTo(4_096);
  }

  @Test
  void verify_clockSetBack_looksUpAllTheSame() {
    verify(madeUp("a"));
    now.addAndGet(-3_600);
    int before = fetches.get();
    verify(madeUp("b"));
    assertThat(fetches.get()).isEqualTo(before + 1);
  }

  @Test
  void verify_keyRotatedRightAfterTheStart_isFetchedAtOnce() {
    published.clear();
    published.add(publicKey(OTHER_KEY));
    String unknown = withHeader(h -> h.put("kid", "key-2"));
    assertThat(verifyNow(unknown)).as("must wait for a fetch").isInstanceOf(Pending.class);
    assertThat(verify(unknown))
        .as("known now, though signed by another key")
        .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.BAD_SIGNATURE));
    assertThat(verify(withClaims(_ -> {})))
        .as("the old key left the set")
        .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.UNKNOWN_KEY));
  }

  @Test
  void verify_keyBroughtByAnotherRequestMeanwhile_isKnown() {
    AtomicReference<@Nullable Runnable> meanwhile = new AtomicReference<>();
    InstantSource lookedAtInBetween =
        new InstantSource() {
          @Override
          public Instant instant() {
            return clock.instant();
          }

          @Override
          public long millis() {
            Runnable other = meanwhile.getAndSet(null);
            if (other != null) {
              other.run();
            }
            return clock.millis();
          }
        };
    try (Keys shared =
        new Keys(this::fetch, lookedAtInBetween, Keys.Timing.DEFAULT, (_, _) -> {})) {
      shared.start();
      Awaitility.await().until(() -> shared.problem() == null);
      published.add(publicKey(OTHER_KEY));
      meanwhile.set(() -> shared.fetchFor("key-2"));
      verifier =
          new JwtVerifier(
              shared, ISSUER, Set.of("RS256"), Duration.ofSeconds(SKEW), clock, Set.of(), cache);
      assertThat(verifyNow(withHeader(h -> h.put("kid", "key-2"))))
          .as("known now, though signed by another key")
          .isEqualTo(new Rejected(VerifiedBy.JWT, Reason.BAD_SIGNATURE));
    }
  }

  @Test
  void verify_keyServerDown_keepsKnownKeysForABoundedTime() {
    keyServerDown = true;
    assertThat(verify(withHeader(h -> h.put("kid", "new"))))
        .isEqualTo(new Unavailable(VerifiedBy.JWT, Reason.KEYS_UNAVAILABLE));
    assertThat(verify(withClaims(_ -> {}))).isInstanceOf(Verified.class);
    now.addAndGet(Keys.Timing.DEFAULT.outage().toSeconds() + 1);
    assertThat(verify(withClaims(claims -> claims.put("exp", now.get() + 60))))
        .isEqualTo(new Unavailable(VerifiedBy.JWT, Reason.KEYS_UNAVAILABLE));
  }

  @Test
  void verify_noKeysYet_isUnavailable() {
    keys.close();
    keys = newKeys();
    verifier = newVerifier();
    Verification answer = verify(withClaims(_ -> {}));
    assertThat(answer).isEqualTo(new Unavailable(VerifiedBy.JWT, Reason.KEYS_UNAVAILABLE));
    assertThat(keys.problem()).contains("not been fetched");
  }

  private final AtomicInteger signatures = new AtomicInteger();

  /** The same key, whose use is counted. */
  private KeySet.Key counted(KeySet.Key key) {
    return new KeySet.Key(
        key.id(),
        key.thumbprint(),
        new CountingVerifier(key.verifier(), signatures),
        key.algorithms());
  }

  private record CountingVerifier(JWSVerifier verifier, AtomicInteger count)
      implements JWSVerifier {
    @Override
    public boolean verify(JWSHeader header, byte[] input, Base64URL signature)
        throws JOSEException {
      count.incrementAndGet();
      return verifier.verify(header, input, signature);
    }

    @Override
    public Set<JWSAlgorithm> supportedJWSAlgorithms() {
      return verifier.supportedJWSAlgorithms();
    }

    @Override
    public JCAContext getJCAContext() {
      return verifier.getJCAContext();
    }
  }

  /** Makes the keys those that are published now. */
  private void refetch() {
    now.addAndGet(Keys.Timing.DEFAULT.absence().toSeconds());
    keys.fetchFor("no such key");
  }

  @Nested
  class VerifiedBefore {

    @BeforeEach
    void countSignatures() {
      published.set(0, counted(publicKey(KEY)));
      keys.close();
      keys = newKeys();
      verifier = newVerifier();
      loadKeys();
    }

    @Test
    void verify_again_checksNoSignatureAndGivesTheSame() {
      String token = withClaims(_ -> {});
      Finding first = verifyNow(token);

      assertThat(verifyNow(token)).isSameAs(first);
      assertThat(signatures).hasValue(1);
      assertThat(counts.hits()).isEqualTo(1);
      assertThat(counts.misses()).isEqualTo(1);
    }

    @Test
    void verify_untilTheVeryEnd_isVerifiedThenExpired() {
      String token = withClaims(_ -> {});
      verifyNow(token);
      now.set(NOW + 1740 + SKEW - 1);
      assertThat(verifyNow(token)).isInstanceOf(Verified.class);

      now.set(NOW + 1740 + SKEW);
      assertThat(verifyNow(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.EXPIRED));
      assertThat(counts.hits()).isEqualTo(1);
    }

    @Test
    void verify_clockSetBackBeforeItsBeginning_isNotYetValid() {
      String token = withClaims(_ -> {});
      verifyNow(token);
      now.set(NOW - 60 - SKEW);
      assertThat(verifyNow(token)).isInstanceOf(Verified.class);

      now.set(NOW - 60 - SKEW - 1);
      assertThat(verifyNow(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.NOT_YET_VALID));
    }

    @Test
    void verify_keyLeftTheSet_isUnknown() {
      String token = withClaims(_ -> {});
      verifyNow(token);
      published.set(0, publicKey(OTHER_KEY));
      refetch();

      assertThat(verifyNow(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.UNKNOWN_KEY));
    }

    @Test
    void verify_keyLeftAndCameBack_isVerifiedAnew() {
      String token = withClaims(_ -> {});
      verifyNow(token);
      KeySet.Key key = published.set(0, publicKey(OTHER_KEY));
      refetch();
      published.set(0, counted(key));
      refetch();

      assertThat(verifyNow(token)).isInstanceOf(Verified.class);
      assertThat(counts.hits()).isZero();
    }

    @Test
    void verify_otherMaterialUnderTheSameKid_isABadSignature() {
      String token = withClaims(_ -> {});
      verifyNow(token);
      published.set(0, publicKey(Tokens.generate("key-1")));
      refetch();

      assertThat(verifyNow(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.BAD_SIGNATURE));
    }

    @Test
    void verify_sameKeyFetchedAgain_isStillKnown() {
      String token = withClaims(_ -> {});
      verifyNow(token);
      published.set(0, counted(publicKey(KEY)));
      refetch();

      assertThat(verifyNow(token)).isInstanceOf(Verified.class);
      assertThat(signatures).hasValue(1);
    }

    @Test
    void verify_keysTooOld_isUnavailable() {
      String token = withClaims(claims -> claims.put("exp", NOW + 1_000_000));
      verifyNow(token);
      now.addAndGet(Keys.Timing.DEFAULT.outage().toSeconds());
      assertThat(verifyNow(token)).isInstanceOf(Verified.class);

      now.addAndGet(1);
      assertThat(verifyNow(token))
          .isEqualTo(new Unavailable(VerifiedBy.JWT, Reason.KEYS_UNAVAILABLE));
    }

    @Test
    void verify_refusedToken_isRefusedAgainWithoutASignature() {
      String token = withClaims(claims -> claims.put("exp", NOW - SKEW));
      assertThat(verifyNow(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.EXPIRED));
      assertThat(verify(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.EXPIRED));
      assertThat(signatures).hasValue(1);

      now.set(NOW - 1);
      assertThat(verifyNow(token)).as("the clock was set back").isInstanceOf(Verified.class);
    }

    @Test
    void verify_refusedForAKeyThatWasReplaced_isVerifiedWithTheNewOne() {
      published.set(0, publicKey(Tokens.generate("key-1")));
      refetch();
      String token = withClaims(_ -> {});
      assertThat(verifyNow(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.BAD_SIGNATURE));
      published.set(0, publicKey(KEY));
      refetch();

      assertThat(verifyNow(token)).isInstanceOf(Verified.class);
    }

    @Test
    void verify_notYetValid_isVerifiedWhenItsTimeComes() {
      String token = withClaims(claims -> claims.put("nbf", NOW + SKEW + 1));
      assertThat(verifyNow(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.NOT_YET_VALID));
      now.addAndGet(1);

      assertThat(verifyNow(token)).isInstanceOf(Verified.class);
    }

    @Test
    void verify_floodOfBadTokens_takesNoGoodOnesPlace() {
      String token = withClaims(_ -> {});
      verifyNow(token);
      String unsigned = token.substring(0, token.lastIndexOf('.') + 1);
      for (int i = 0; i < 3000; i++) {
        assertThat(
                verifyNow(
                    unsigned
                        + "A".repeat(339)
                        + HexFormat.of().toHexDigits((short) i).substring(1)))
            .isInstanceOf(Rejected.class);
      }
      cache.settle();

      assertThat(cache.size()).isEqualTo(1);
      assertThat(counts.evictions()).isZero();
      int before = signatures.get();
      assertThat(verifyNow(token)).isInstanceOf(Verified.class);
      assertThat(signatures).hasValue(before);
    }

    @Test
    void verify_moreThanTheSize_staysBounded() {
      TokenCache small = new TokenCache(2, counts);
      verifier =
          new JwtVerifier(
              keys, ISSUER, Set.of("RS256"), Duration.ofSeconds(SKEW), clock, Set.of(), small);
      for (int i = 0; i < 20; i++) {
        String id = "id-" + i;
        verifyNow(withClaims(claims -> claims.put("jti", id)));
      }
      small.settle();

      assertThat(small.size()).isEqualTo(2);
      assertThat(counts.evictions()).isEqualTo(18);
    }

    @Test
    void verify_cacheOff_verifiesEachTime() {
      verifier =
          new JwtVerifier(
              keys,
              ISSUER,
              Set.of("RS256"),
              Duration.ofSeconds(SKEW),
              clock,
              Set.of(),
              new TokenCache(0, counts));
      String token = withClaims(_ -> {});
      verifyNow(token);
      verifyNow(token);

      assertThat(signatures).hasValue(2);
      assertThat(counts.hits()).isZero();
    }

    @Test
    void verify_tokensOfOneClient_shareWhatIsTheSame() {
      Verified one = (Verified) verify(withClaims(claims -> claims.put("jti", "one")));
      Verified two = (Verified) verify(withClaims(claims -> claims.put("jti", "two")));

      assertThat(one.principal().scopes()).isSameAs(two.principal().scopes());
      assertThat(one.principal().roles()).isSameAs(two.principal().roles());
      assertThat(one.principal().audiences()).isSameAs(two.principal().audiences());
      assertThat(one.principal().clientId()).isSameAs(two.principal().clientId());
    }
  }

  @Test
  void start_listenerThatThrows_doesNotEndTheFetching() {
    keys.close();
    Duration soon = Duration.ofMillis(2);
    keys =
        new Keys(
            this::fetch,
            clock,
            new Keys.Timing(soon, soon, soon, soon, soon, Duration.ofHours(4)),
            (_, _) -> {
              throw new IllegalStateException("a listener's bug");
            });
    int before = fetches.get();
    keys.start();

    Awaitility.await().until(() -> fetches.get() >= before + 3);
  }
}
