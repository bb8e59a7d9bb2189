package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.Presented;
import com.authgear.authrequest.principal.VerifiedBy;
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
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Verifies Authgear's access tokens with the project's keys: cheap checks first, then the
 * signature, then the claims (RFC 7519, 8725, 9068). Header parameters that bring or point to a key
 * ({@code jwk}, {@code jku}, {@code x5c}, {@code x5u}) are never looked at.
 */
public final class JwtVerifier {

  /** Most requests that wait for the key set at once. */
  public static final int MAX_WAITING = 256;

  private static final Base64.Decoder BASE64_URL = Base64.getUrlDecoder();
  private static final String ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  private static final Set<String> TYPES = Set.of("at+jwt", "application/at+jwt");

  private final Keys keys;
  private final Set<String> algorithms;
  private final ClaimsReader claims;
  private final long skewSeconds;
  private final InstantSource clock;
  private final TokenCache known;
  private final Semaphore places = new Semaphore(MAX_WAITING);
  private volatile @Nullable JwtHeader lastSigned;

  /**
   * @param issuer what {@code iss} must equal
   * @param algorithms JWS algorithms that are accepted
   * @param skew tolerated difference between Authgear's clock and ours
   * @param further names of claims that the principal is to keep in addition to those of its
   *     identity
   * @param known what was verified before
   */
  public JwtVerifier(
      Keys keys,
      String issuer,
      Set<String> algorithms,
      Duration skew,
      InstantSource clock,
      Set<String> further,
      TokenCache known) {
    this.keys = keys;
    this.algorithms = Set.copyOf(algorithms);
    this.claims = new ClaimsReader(issuer, skew, clock, further);
    this.skewSeconds = skew.toSeconds();
    this.clock = clock;
    this.known = known;
  }

  /**
   * Verifies as far as that needs no fetch of the key set.
   *
   * @param digest of the token
   */
  public Finding verify(Presented token, Digest digest) {
    KeySet keySet = keys.current();
    if (keySet != null) {
      Verification answer = known.get(digest, keySet, clock.millis() / 1000);
      if (answer != null) {
        return answer;
      }
    }
    try {
      Jws jws = parse(token.value(), Trail.SERVING);
      if (keySet == null) {
        throw new Refusal(Reason.KEYS_UNAVAILABLE);
      }
      if (!keySet.withId(jws.header.kid()).isEmpty()) {
        return check(jws, digest);
      }
      return switch (keys.lookUp(jws.header.kid())) {
        case FOUND -> check(jws, digest);
        case WORTH_A_FETCH -> (Pending) () -> verifyAfterFetch(jws, digest);
        case ABSENT -> answer(new Refusal(Reason.UNKNOWN_KEY));
        case NOT_LOOKED_UP -> answer(new Refusal(Reason.KEYS_UNAVAILABLE));
      };
    } catch (Refusal refusal) {
      return answer(refusal);
    }
  }

  /** The same for a bearer token alone. */
  public Finding verify(String token, Digest digest) {
    return verify(new Presented(CredentialPlace.BEARER, "", token, new Credential.None()), digest);
  }

  /**
   * Every check of a token with the keys at hand, also those after the first that fails. Knows no
   * cache, fetches nothing and verifies nobody: what it returns is only to be read.
   */
  public List<TokenCheck> explain(String token) {
    Trail.Recording trail = new Trail.Recording();
    try {
      Jws jws = parse(token, trail);
      if (!trail.hasFailed("kid")) {
        List<KeySet.Key> fitting = keysFor(jws.header, trail);
        if (!fitting.isEmpty() && trail.isClean()) {
          var _ = signer(fitting, jws, trail);
        }
      }
      var _ = claims.read(parseJson(jws.payload, TokenCheck.PAYLOAD, trail), trail);
    } catch (Refusal _) {
      // The trail has it; nothing can follow.
    }
    return trail.checks();
  }

  private Verification verifyAfterFetch(Jws jws, Digest digest) {
    if (!places.tryAcquire()) {
      return new Unavailable(VerifiedBy.JWT, Reason.OVERLOADED);
    }
    try {
      return switch (keys.fetchFor(jws.header.kid())) {
        case FOUND -> check(jws, digest);
        case ABSENT -> answer(new Refusal(Reason.UNKNOWN_KEY));
        case WORTH_A_FETCH, NOT_LOOKED_UP -> answer(new Refusal(Reason.KEYS_UNAVAILABLE));
      };
    } catch (Refusal refusal) {
      return answer(refusal);
    } finally {
      places.release();
    }
  }

  /**
   * What a token says whose signature nobody has checked: whether it would be refused anyway, and
   * else what is true once someone else vouches for exactly this token.
   */
  public UnverifiedToken read(String token) {
    try {
      Jws jws = parse(token, Trail.SERVING);
      ClaimsReader.Claims read =
          claims.read(parseJson(jws.payload, TokenCheck.PAYLOAD, Trail.SERVING), Trail.SERVING);
      return new UnverifiedToken.UnverifiedClaims(
          read.principal(), read.expiresAt() - skewSeconds, read.expiresAt());
    } catch (Refusal refusal) {
      return new UnverifiedToken.Refused(refusal.reason);
    }
  }

  private static Verification answer(Refusal refusal) {
    return refusal.reason.outcome() == Reason.DenialKind.UNAVAILABLE
        ? new Unavailable(VerifiedBy.JWT, refusal.reason)
        : new Rejected(VerifiedBy.JWT, refusal.reason);
  }

  /** A token in its parts; nothing about it is verified. */
  private static final class Jws {
    private final JwtHeader header;
    private final byte[] payload;
    private final byte[] signingInput;
    private final Signature signature;

    private Jws(JwtHeader header, byte[] payload, byte[] signingInput, Signature signature) {
      this.header = header;
      this.payload = payload;
      this.signingInput = signingInput;
      this.signature = signature;
    }
  }

  private Jws parse(String token, Trail trail) throws Refusal {
    int headerEnd = token.indexOf('.');
    int payloadEnd = token.indexOf('.', headerEnd + 1);
    if (headerEnd <= 0 || payloadEnd <= headerEnd + 1 || token.indexOf('.', payloadEnd + 1) >= 0) {
      throw trail.stop(TokenCheck.PARTS, Reason.MALFORMED_TOKEN, null);
    }
    byte[] payload = decode(token.substring(headerEnd + 1, payloadEnd), trail);
    Signature signature = new Signature(token.substring(payloadEnd + 1), trail);
    JwtHeader header = header(token.substring(0, headerEnd), trail);
    byte[] signingInput = token.substring(0, payloadEnd).getBytes(StandardCharsets.US_ASCII);
    return new Jws(header, payload, signingInput, signature);
  }

  private Verification check(Jws jws, Digest digest) throws Refusal {
    List<KeySet.Key> fitting = keysFor(jws.header, Trail.SERVING);
    KeySet.Key key = fitting.getFirst(); // where there is none, the service's trail has ended
    try {
      key = signer(fitting, jws, Trail.SERVING);
      if (!jws.header.equals(lastSigned)) {
        lastSigned = jws.header;
      }
      ClaimsReader.Claims read =
          claims.read(parseJson(jws.payload, TokenCheck.PAYLOAD, Trail.SERVING), Trail.SERVING);
      Verified verified =
          new Verified(VerifiedBy.JWT, read.principal(), read.issuedAt(), read.expiresAt());
      return known.remember(digest, verified, read.notBefore(), key);
    } catch (Refusal refusal) {
      if (answer(refusal) instanceof Rejected rejected) {
        known.remember(digest, rejected, clock.millis() / 1000, key);
      }
      throw refusal;
    }
  }

  /** The keys that may have signed it; none where the trail goes on without. */
  private List<KeySet.Key> keysFor(JwtHeader header, Trail trail) throws Refusal {
    KeySet keySet = keys.current();
    List<KeySet.Key> named = keySet == null ? List.of() : keySet.withId(header.kid());
    if (named.isEmpty()) {
      trail.failed(
          "kid", keySet == null ? Reason.KEYS_UNAVAILABLE : Reason.UNKNOWN_KEY, header.kid());
      return named;
    }
    List<KeySet.Key> fitting =
        named.size() == 1 && named.getFirst().algorithms().contains(header.algorithm())
            ? named
            : named.stream().filter(key -> key.algorithms().contains(header.algorithm())).toList();
    if (fitting.isEmpty()) {
      trail.failed("kid", Reason.ALGORITHM_NOT_ALLOWED, header.kid());
    } else {
      trail.passed("kid", header.kid());
    }
    return fitting;
  }

  /**
   * @param encoded the part of the token that it was read from, no secret
   */
  private record JwtHeader(String encoded, String algorithm, String kid) {}

  /** All tokens that one key signed have the same header, letter by letter. */
  private JwtHeader header(String encoded, Trail trail) throws Refusal {
    JwtHeader last = trail == Trail.SERVING ? lastSigned : null;
    return last != null && last.encoded.equals(encoded) ? last : readHeader(encoded, trail);
  }

  private JwtHeader readHeader(String encoded, Trail trail) throws Refusal {
    Map<String, Object> header = parseJson(decode(encoded, trail), TokenCheck.HEADER, trail);
    Object type = header.get("typ");
    if (type instanceof String text && TYPES.contains(text.toLowerCase(Locale.ROOT))) {
      trail.passed("typ", type);
    } else {
      trail.failed("typ", Reason.WRONG_TYPE, type);
    }
    Object algorithm = header.get("alg");
    if (algorithm instanceof String text && algorithms.contains(text)) {
      trail.passed("alg", algorithm);
    } else {
      trail.failed("alg", Reason.ALGORITHM_NOT_ALLOWED, algorithm);
    }
    if (header.containsKey("crit")) {
      // No extension is known here, so whatever is critical is not understood (RFC 7515 §4.1.11).
      trail.failed("crit", Reason.CRITICAL_HEADER, header.get("crit"));
    }
    Object kid = header.get("kid");
    if (!(kid instanceof String)) {
      trail.failed("kid", Reason.UNKNOWN_KEY, kid);
    }
    return new JwtHeader(encoded, text(algorithm), text(kid));
  }

  /** Empty, which is no algorithm and no key, only where the trail went on. */
  private static String text(@Nullable Object value) {
    return value instanceof String text ? text : "";
  }

  /** The key whose signature it is; the first one where the trail goes on without. */
  private static KeySet.Key signer(List<KeySet.Key> keys, Jws jws, Trail trail) throws Refusal {
    for (KeySet.Key key : keys) {
      if (jws.signature.canonical && isSignedBy(key, jws)) {
        trail.passed(TokenCheck.SIGNATURE, null);
        return key;
      }
    }
    trail.failed(TokenCheck.SIGNATURE, Reason.BAD_SIGNATURE, null);
    return keys.getFirst();
  }

  private static boolean isSignedBy(KeySet.Key key, Jws jws) {
    try {
      JWSHeader header = new JWSHeader(JWSAlgorithm.parse(jws.header.algorithm()));
      return key.verifier().verify(header, jws.signingInput, jws.signature);
    } catch (JOSEException _) {
      return false;
    }
  }

  /** What Nimbus is given, which would decode it by itself, much slower than the JDK does. */
  private static final class Signature extends Base64URL {
    private static final long serialVersionUID = 1L;

    private final transient byte[] decoded;
    private final transient boolean canonical;

    private Signature(String encoded, Trail trail) throws Refusal {
      super(encoded);
      this.decoded = JwtVerifier.decode(encoded, trail);
      this.canonical = isCanonical(encoded);
    }

    /**
     * Whether the bits that the last character has beyond the last octet are zero (RFC 4648 §3.5).
     * Decoders ignore them, so a signature would have up to 16 spellings, and a changed token could
     * pass.
     */
    private static boolean isCanonical(String encoded) {
      int beyond = encoded.length() % 4 == 2 ? 4 : encoded.length() % 4 == 3 ? 2 : 0;
      return beyond == 0
          || ALPHABET.indexOf(encoded.charAt(encoded.length() - 1)) % (1 << beyond) == 0;
    }

    @Override
    public byte[] decode() {
      return decoded;
    }
  }

  /** Base64url without padding (RFC 7515 §2). */
  private static byte[] decode(String encoded, Trail trail) throws Refusal {
    if (encoded.indexOf('=') >= 0) {
      throw trail.stop(TokenCheck.ENCODING, Reason.MALFORMED_TOKEN, null);
    }
    try {
      return BASE64_URL.decode(encoded);
    } catch (IllegalArgumentException _) {
      throw trail.stop(TokenCheck.ENCODING, Reason.MALFORMED_TOKEN, null);
    }
  }

  /** A JSON object without duplicate members (RFC 8725 §2.4). */
  private static Map<String, Object> parseJson(byte[] utf8, String part, Trail trail)
      throws Refusal {
    String json = new String(utf8, StandardCharsets.UTF_8);
    if (!json.stripLeading().startsWith("{")) {
      // The parser would take an array of pairs for an object.
      throw trail.stop(part, Reason.MALFORMED_TOKEN, null);
    }
    try {
      Map<String, Object> object = JSONObjectUtils.parse(json);
      trail.passed(part, null);
      return object;
    } catch (ParseException _) {
      throw trail.stop(part, Reason.MALFORMED_TOKEN, null);
    }
  }
}
