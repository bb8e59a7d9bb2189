package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Source;
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
  private final InstantSource clock;
  private final TokenCache known;
  private final Semaphore places = new Semaphore(MAX_WAITING);
  private volatile @Nullable Header lastSigned;

  /**
   * @param issuer what {@code iss} must equal
   * @param algorithms JWS algorithms that are accepted
   * @param skew tolerated difference between Authgear's clock and ours
   * @param further names of claims that the principal is to keep beside those of its identity
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
    this.clock = clock;
    this.known = known;
  }

  /**
   * Verifies as far as that needs no fetch of the key set.
   *
   * @param digest of the token alone
   */
  public Finding verify(String token, Digest digest) {
    KeySet keySet = keys.current();
    if (keySet != null) {
      Verification answer = known.get(digest, keySet, clock.millis() / 1000);
      if (answer != null) {
        return answer;
      }
    }
    try {
      Jws jws = parse(token);
      if (keySet == null) {
        throw new Refusal(Reason.KEYS_UNAVAILABLE);
      }
      boolean isKnown = keySet.keys().containsKey(jws.header.kid());
      return isKnown || !keys.mayFetchForUnknownKey()
          ? check(jws, digest)
          : (Pending) () -> verifyAfterFetch(jws, digest);
    } catch (Refusal refusal) {
      return answer(refusal);
    }
  }

  private Verification verifyAfterFetch(Jws jws, Digest digest) {
    if (!places.tryAcquire()) {
      return new Unavailable(Source.JWT, Reason.OVERLOADED);
    }
    try {
      if (keys.mayFetchForUnknownKey()) {
        keys.fetchFor(jws.header.kid());
      }
      return check(jws, digest);
    } catch (Refusal refusal) {
      return answer(refusal);
    } finally {
      places.release();
    }
  }

  private static Verification answer(Refusal refusal) {
    return refusal.reason.outcome() == Reason.Outcome.UNAVAILABLE
        ? new Unavailable(Source.JWT, refusal.reason)
        : new Rejected(Source.JWT, refusal.reason);
  }

  /** A token in its parts; nothing about it is verified. */
  private static final class Jws {
    private final Header header;
    private final byte[] payload;
    private final byte[] signingInput;
    private final Signature signature;

    private Jws(Header header, byte[] payload, byte[] signingInput, Signature signature) {
      this.header = header;
      this.payload = payload;
      this.signingInput = signingInput;
      this.signature = signature;
    }
  }

  private Jws parse(String token) throws Refusal {
    int headerEnd = token.indexOf('.');
    int payloadEnd = token.indexOf('.', headerEnd + 1);
    if (headerEnd <= 0 || payloadEnd <= headerEnd + 1 || token.indexOf('.', payloadEnd + 1) >= 0) {
      throw new Refusal(Reason.MALFORMED_TOKEN);
    }
    byte[] payload = decode(token.substring(headerEnd + 1, payloadEnd));
    Signature signature = new Signature(token.substring(payloadEnd + 1));
    Header header = header(token.substring(0, headerEnd));
    byte[] signingInput = token.substring(0, payloadEnd).getBytes(StandardCharsets.US_ASCII);
    return new Jws(header, payload, signingInput, signature);
  }

  private Verification check(Jws jws, Digest digest) throws Refusal {
    Header header = jws.header;
    // Looked up again in any case: another request's fetch may have begun the cool-down just now.
    KeySet keySet = keys.current();
    KeySet.Key key = keySet == null ? null : keySet.keys().get(header.kid());
    if (key == null) {
      throw new Refusal(keys.lastFetchFailed() ? Reason.KEYS_UNAVAILABLE : Reason.UNKNOWN_KEY);
    }
    if (!key.algorithms().contains(header.algorithm())) {
      throw new Refusal(Reason.ALGORITHM_NOT_ALLOWED);
    }
    try {
      requireSignature(key, header.algorithm(), jws.signingInput, jws.signature);
      if (!header.equals(lastSigned)) {
        lastSigned = header;
      }
      ClaimsReader.Claims read = claims.read(parseJson(jws.payload));
      Verified verified =
          new Verified(Source.JWT, read.principal(), read.issuedAt(), read.expiresAt());
      return known.remember(digest, verified, read.notBefore(), key);
    } catch (Refusal refusal) {
      if (answer(refusal) instanceof Rejected rejected) {
        known.remember(digest, rejected, clock.millis() / 1000, key);
      }
      throw refusal;
    }
  }

  /**
   * @param encoded the part of the token that it was read from, no secret
   */
  private record Header(String encoded, String algorithm, String kid) {}

  /** All tokens that one key signed have the same header, letter by letter. */
  private Header header(String encoded) throws Refusal {
    Header last = lastSigned;
    return last != null && last.encoded.equals(encoded) ? last : readHeader(encoded);
  }

  private Header readHeader(String encoded) throws Refusal {
    Map<String, Object> header = parseJson(decode(encoded));
    if (!(header.get("typ") instanceof String type)
        || !TYPES.contains(type.toLowerCase(Locale.ROOT))) {
      throw new Refusal(Reason.WRONG_TYPE);
    }
    if (!(header.get("alg") instanceof String algorithm) || !algorithms.contains(algorithm)) {
      throw new Refusal(Reason.ALGORITHM_NOT_ALLOWED);
    }
    if (header.containsKey("crit")) {
      // No extension is known here, so whatever is critical is not understood (RFC 7515 §4.1.11).
      throw new Refusal(Reason.CRITICAL_HEADER);
    }
    if (!(header.get("kid") instanceof String kid)) {
      throw new Refusal(Reason.UNKNOWN_KEY);
    }
    return new Header(encoded, algorithm, kid);
  }

  private static void requireSignature(
      KeySet.Key key, String algorithm, byte[] signingInput, Signature signature) throws Refusal {
    boolean good;
    try {
      JWSHeader header = new JWSHeader(JWSAlgorithm.parse(algorithm));
      good = signature.canonical && key.verifier().verify(header, signingInput, signature);
    } catch (JOSEException _) {
      good = false;
    }
    if (!good) {
      throw new Refusal(Reason.BAD_SIGNATURE);
    }
  }

  /** What Nimbus is given, which would decode it by itself, much slower than the JDK does. */
  private static final class Signature extends Base64URL {
    private static final long serialVersionUID = 1L;

    private final transient byte[] decoded;
    private final transient boolean canonical;

    private Signature(String encoded) throws Refusal {
      super(encoded);
      this.decoded = JwtVerifier.decode(encoded);
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
  private static byte[] decode(String encoded) throws Refusal {
    if (encoded.indexOf('=') >= 0) {
      throw new Refusal(Reason.MALFORMED_TOKEN);
    }
    try {
      return BASE64_URL.decode(encoded);
    } catch (IllegalArgumentException _) {
      throw new Refusal(Reason.MALFORMED_TOKEN);
    }
  }

  /** A JSON object without duplicate members (RFC 8725 §2.4). */
  private static Map<String, Object> parseJson(byte[] utf8) throws Refusal {
    String json = new String(utf8, StandardCharsets.UTF_8);
    if (!json.stripLeading().startsWith("{")) {
      // The parser would take an array of pairs for an object.
      throw new Refusal(Reason.MALFORMED_TOKEN);
    }
    try {
      return JSONObjectUtils.parse(json);
    } catch (ParseException _) {
      throw new Refusal(Reason.MALFORMED_TOKEN);
    }
  }
}
