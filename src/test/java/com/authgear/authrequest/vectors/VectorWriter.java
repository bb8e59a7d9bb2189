package com.authgear.authrequest.vectors;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.IdentityHeader;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Writes {@code src/test/resources/vectors/}; run it after a change here, as {@code
 * VectorWriterTest} says. What is expected is said here by hand, never taken from the service. See
 * the README there.
 */
final class VectorWriter {

  private static final Path FOLDER = Path.of("src/test/resources/vectors");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ISSUER = "https://my-project.authgear.cloud";
  private static final String USER = "https://authgear.com/claims/user/";
  private static final long NOW = 1_800_000_000L;
  private static final long SKEW = 30;

  /** What is signed, and a signature of as many characters as one by ES256 has. */
  private static final Pattern ES256 =
      Pattern.compile("\\b([\\w-]+\\.[\\w-]+)\\.([\\w-]{86})(?![\\w-])");

  private final RSAKey rsa;
  private final ECKey ec;
  private final RSAKey stranger;
  private final Map<String, String> signatures;
  private final List<Map<String, Object>> vectors = new ArrayList<>();

  private VectorWriter(JWKSet keys, Map<String, String> signatures) {
    this.signatures = signatures;
    rsa = (RSAKey) keys.getKeyByKeyId("rsa-1");
    ec = (ECKey) keys.getKeyByKeyId("ec-1");
    stranger = (RSAKey) keys.getKeyByKeyId("unpublished");
  }

  /** Writes the files. */
  public static void main(String[] args) throws IOException {
    for (Map.Entry<String, String> file : files().entrySet()) {
      Files.writeString(FOLDER.resolve(file.getKey()), file.getValue());
    }
  }

  /** The files by name, the same each time: nothing in them is drawn by lot. */
  static Map<String, String> files() throws IOException {
    JWKSet keys = read(Files.readString(FOLDER.resolve("keys.json")));
    Map<String, String> signatures = signatures();
    Map<String, String> files = new TreeMap<>();
    files.put("tokens.json", new VectorWriter(keys, signatures).tokens());
    files.put("policies.json", new VectorWriter(keys, signatures).policies());
    files.put("resolver.json", new VectorWriter(keys, signatures).resolver());
    files.put("locations.json", new VectorWriter(keys, signatures).locations());
    files.put("carriers.json", new VectorWriter(keys, signatures).carriers());
    files.put("claims.json", new VectorWriter(keys, signatures).claimHeaders());
    files.put("key-sets.json", new VectorWriter(keys, signatures).keySets());
    return files;
  }

  private static JWKSet read(String keys) {
    try {
      return JWKSet.parse(keys);
    } catch (ParseException e) {
      throw new AssertionError(e);
    }
  }

  /** The ES256 signatures in the files that are there, by what they sign. */
  private static Map<String, String> signatures() throws IOException {
    Map<String, String> signatures = new HashMap<>();
    try (Stream<Path> files = Files.list(FOLDER)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".json")).toList()) {
        ES256
            .matcher(Files.readString(file))
            .results()
            .forEach(token -> signatures.putIfAbsent(token.group(1), token.group(2)));
      }
    }
    return signatures;
  }

  // ---- Key sets, each with one token

  private String keySets() {
    Map<String, Object> ours = published(rsa, "k");
    Map<String, Object> curve = published(ec, "k");
    Map<String, Object> strange = published(stranger, "k");
    Map<String, Object> other = published(stranger, "other");
    String rs256 = keySetToken(rsa, "RS256");
    String es256 = keySetToken(ec, "ES256");

    keySet("one key", rs256, "valid", ours);
    keySet("a key of another type with the same kid first", rs256, "valid", curve, ours);
    keySet("a key of another type with the same kid last", rs256, "valid", ours, curve);
    keySet("EC behind RSA with the same kid", es256, "valid", ours, curve);
    keySet("EC before RSA with the same kid", es256, "valid", curve, ours);
    keySet("two keys of one type with one kid, the right one last", rs256, "valid", strange, ours);
    keySet("another key of the same type with the same kid", rs256, "bad_signature", strange);
    keySet("another type alone", rs256, "algorithm_not_allowed", curve);
    keySet("a symmetric key with the same kid", rs256, "valid", symmetric(), ours);
    keySet("a symmetric key alone", rs256, "unknown_key", symmetric(), other);
    keySet(
        "of an unknown type with the same kid", rs256, "valid", altered(ours, "kty", "XX"), ours);
    keySet(
        "a member of the wrong type in another one", rs256, "valid", altered(ours, "n", 1), ours);

    for (Map.Entry<String, Object> unfit :
        List.<Map.Entry<String, Object>>of(
            Map.entry("use", "enc"),
            Map.entry("use", "other"),
            Map.entry("use", "SIG"),
            Map.entry("key_ops", List.of("encrypt")),
            Map.entry("key_ops", List.of("sign")),
            Map.entry("key_ops", List.of()),
            Map.entry("alg", "RSA1_5"),
            Map.entry("alg", "RSA-OAEP"),
            Map.entry("alg", "ES256"),
            Map.entry("alg", "rs256"),
            Map.entry("alg", "HS256"),
            Map.entry("e", "AQ"), // 1
            Map.entry("e", "Ag"), // 2
            Map.entry("e", "AQAA"), // 65536
            Map.entry("e", "AA"))) {
      Map<String, Object> key = altered(ours, unfit.getKey(), unfit.getValue());
      String name = unfit.getKey() + " " + json(unfit.getValue());
      keySet(name, rs256, "unknown_key", key, other);
      keySet(name + ", with a fitting one of the same kid", rs256, "valid", key, ours);
    }
    keySet(
        "alg of a signature, but not this one",
        rs256,
        "algorithm_not_allowed",
        altered(ours, "alg", "PS256"),
        other);
    for (Map.Entry<String, Object> fit :
        List.<Map.Entry<String, Object>>of(
            Map.entry("use", "sig"),
            Map.entry("key_ops", List.of("verify")),
            Map.entry("key_ops", List.of("sign", "verify")),
            Map.entry("alg", "RS256"))) {
      keySet(
          fit.getKey() + " " + json(fit.getValue()),
          rs256,
          "valid",
          altered(ours, fit.getKey(), fit.getValue()));
    }
    for (String algorithm : List.of("ES521", "ES224", "ES384", "RS256", "ECDH-ES")) {
      keySet(
          "EC with alg " + algorithm,
          es256,
          "unknown_key",
          altered(curve, "alg", algorithm),
          other);
    }
    keySet(
        "a point off the curve",
        es256,
        "unknown_key",
        altered(curve, "y", Objects.requireNonNull(curve.get("x"))),
        other);
    keySet("P-384 by name only", es256, "unknown_key", altered(curve, "crv", "P-384"), other);
    keySet("EC that calls itself RSA", es256, "unknown_key", altered(curve, "kty", "RSA"), other);

    Map<String, Object> document = new LinkedHashMap<>();
    document.put("now", NOW);
    document.put("issuer", ISSUER);
    document.put("algorithms", List.of("RS256", "ES256"));
    document.put("vectors", vectors);
    return pretty(document);
  }

  @SafeVarargs
  private void keySet(String name, String token, String expect, Map<String, Object>... keys) {
    Map<String, Object> vector = new LinkedHashMap<>();
    List<Map<String, Object>> set = new ArrayList<>();
    for (Map<String, Object> key : keys) {
      set.add(key);
    }
    vector.put("name", name);
    vector.put("keys", set);
    vector.put("token", token);
    vector.put("expect", expect);
    vectors.add(vector);
  }

  private String keySetToken(JWK key, String algorithm) {
    Map<String, Object> header = header();
    header.put("alg", algorithm);
    header.put("kid", "k");
    return sign(key, algorithm, json(header), json(claims()));
  }

  private static Map<String, Object> published(JWK key, String kid) {
    return altered(key.toPublicJWK().toJSONObject(), "kid", kid);
  }

  private static Map<String, Object> symmetric() {
    return new TreeMap<>(
        Map.of("kty", "oct", "kid", "k", "k", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"));
  }

  private static Map<String, Object> altered(Map<String, Object> key, String name, Object value) {
    Map<String, Object> changed = new TreeMap<>(key);
    changed.put(name, value);
    return changed;
  }

  private static String pretty(Object json) {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private String document() {
    return document(Map.of());
  }

  private String document(Map<String, String> more) {
    Map<String, String> settings = new TreeMap<>(more);
    settings.put("AUTHGEAR_ENDPOINT", ISSUER);
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("now", NOW);
    document.put("settings", settings);
    document.put("vectors", vectors);
    return pretty(document);
  }

  // ---- Tokens

  private static Map<String, Object> header() {
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("alg", "RS256");
    header.put("kid", "rsa-1");
    header.put("typ", "at+jwt");
    return header;
  }

  private static Map<String, Object> claims() {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("iss", ISSUER);
    claims.put("aud", List.of(ISSUER));
    claims.put("sub", "e3079029-f123-4c56-80c1-c2cd63a5b6af");
    claims.put("client_id", "497d841ea22f33d3");
    claims.put("scope", "openid offline_access");
    claims.put("iat", NOW - 60);
    claims.put("exp", NOW + 1740);
    claims.put("auth_time", NOW - 120);
    claims.put("amr", List.of("pwd", "otp"));
    claims.put("jti", "820a487ac1ce118cade7e8eca68e68a9288cf312343b83a5678f8bfd091b4768");
    claims.put(USER + "can_reauthenticate", true);
    claims.put(USER + "is_anonymous", false);
    claims.put(USER + "is_verified", true);
    claims.put(USER + "roles", List.of("editor", "admin"));
    return claims;
  }

  private static Map<String, Object> machineClaims() {
    Map<String, Object> claims = claims();
    claims.keySet().removeIf(name -> name.startsWith(USER));
    claims.remove("amr");
    claims.remove("auth_time");
    claims.put("aud", List.of("https://api.example.com"));
    claims.put("sub", "client_id_497d841ea22f33d3");
    claims.put("scope", "read:orders");
    return claims;
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private String sign(JWK key, String algorithm, String header, String payload) {
    String input = Base64URL.encode(header) + "." + Base64URL.encode(payload);
    try {
      if (algorithm.equals("ES256")) {
        return input + "." + es256(key.toECKey(), input);
      }
      JWSSigner signer =
          switch (algorithm) {
            case "HS256" -> new MACSigner(key.toRSAKey().toRSAPublicKey().getEncoded());
            default -> new RSASSASigner(key.toRSAKey());
          };
      JWSHeader how = new JWSHeader(JWSAlgorithm.parse(algorithm));
      return input + "." + signer.sign(how, input.getBytes(StandardCharsets.US_ASCII));
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  /** ECDSA draws lots, so a signature that is there already and fits is kept. */
  private String es256(ECKey key, String input) throws JOSEException {
    JWSHeader how = new JWSHeader(JWSAlgorithm.ES256);
    byte[] signed = input.getBytes(StandardCharsets.US_ASCII);
    String known = signatures.get(input);
    if (known != null && new ECDSAVerifier(key).verify(how, signed, new Base64URL(known))) {
      return known;
    }
    return new ECDSASigner(key).sign(how, signed).toString();
  }

  private String token() {
    return withClaims(_ -> {});
  }

  private String withClaims(Consumer<Map<String, Object>> change) {
    Map<String, Object> claims = claims();
    change.accept(claims);
    return signed(claims);
  }

  private String withClaim(String name, Object value) {
    return withClaims(claims -> claims.put(name, value));
  }

  private String without(String name) {
    return withClaims(claims -> claims.remove(name));
  }

  /**
   * With another value of the bits that no octet of the signature takes from the last character.
   */
  private static String respelled(String token) {
    int last = token.length() - 1;
    return token.substring(0, last) + (char) (token.charAt(last) + 1);
  }

  private String signed(Map<String, Object> claims) {
    return sign(rsa, "RS256", json(header()), json(claims));
  }

  private String withHeader(Consumer<Map<String, Object>> change) {
    Map<String, Object> header = header();
    change.accept(header);
    return sign(rsa, "RS256", json(header), json(claims()));
  }

  // ---- Vectors

  private Map<String, Object> vector(String name, List<String> authorization) {
    Map<String, Object> vector = new LinkedHashMap<>();
    vector.put("name", name);
    vector.put("authorization", authorization);
    vectors.add(vector);
    return vector;
  }

  /** Further header lines: name, value, name, value. */
  private static Map<String, Object> with(Map<String, Object> vector, String... fields) {
    vector.put("fields", pairs(fields));
    return vector;
  }

  private static List<List<String>> pairs(String... fields) {
    List<List<String>> lines = new ArrayList<>();
    for (int i = 0; i < fields.length; i += 2) {
      lines.add(List.of(fields[i], fields[i + 1]));
    }
    return lines;
  }

  private Map<String, Object> bearer(String name, String token) {
    return vector(name, List.of("Bearer " + token));
  }

  private static void denied(Map<String, Object> vector, Reason reason, String challenge) {
    Map<String, Object> expected = new LinkedHashMap<>();
    expected.put(
        "status",
        switch (reason.outcome()) {
          case UNAUTHENTICATED -> 401;
          case FORBIDDEN -> 403;
          case UNAVAILABLE -> 503;
        });
    expected.put("reason", reason.code());
    if (!challenge.isEmpty()) {
      expected.put("challenge", challenge);
    }
    vector.put("expect", expected);
  }

  private void bad(String name, String token, Reason reason) {
    denied(bearer(name, token), reason, "Bearer error=\"invalid_token\"");
  }

  private static void allowed(Map<String, Object> vector, String... values) {
    Map<String, Object> headers = new LinkedHashMap<>();
    Iterator<String> value = List.of(values).iterator();
    for (IdentityHeader header : IdentityHeader.values()) {
      headers.put(header.headerName(), value.hasNext() ? value.next() : "");
    }
    Map<String, Object> expected = new LinkedHashMap<>();
    expected.put("status", 200);
    expected.put("headers", headers);
    vector.put("expect", expected);
  }

  private static void allowedUser(Map<String, Object> vector) {
    allowed(
        vector,
        "true",
        "e3079029-f123-4c56-80c1-c2cd63a5b6af",
        "false",
        "true",
        "true",
        "editor,admin",
        "pwd otp",
        Long.toString(NOW - 120),
        "497d841ea22f33d3",
        "openid offline_access");
  }

  private static void allowedMachine(Map<String, Object> vector) {
    allowed(vector, "", "", "", "", "", "", "", "", "497d841ea22f33d3", "read:orders");
  }

  private void good(String name, String token) {
    allowedUser(bearer(name, token));
  }

  private String tokens() {
    String invalidRequest = "Bearer error=\"invalid_request\"";
    String token = token();
    String[] parts = token.split("\\.", -1);
    good("valid token", token);
    allowedUser(vector("scheme in lower case, two spaces", List.of("bearer  " + token)));
    good("typ in its long form", withHeader(h -> h.put("typ", "application/at+jwt")));
    good("exp a second above the skew", withClaim("exp", NOW - SKEW + 1));
    good("nbf at the skew", withClaim("nbf", NOW + SKEW));
    good("iat at the skew", withClaim("iat", NOW + SKEW));
    good("aud is a text", withClaim("aud", ISSUER));
    good("unknown claims", withClaim("https://example.com/plan", Map.of("name", "gold")));
    Map<String, Object> es =
        bearer(
            "ES256 where it is accepted",
            sign(
                ec,
                "ES256",
                "{\"alg\":\"ES256\",\"kid\":\"ec-1\",\"typ\":\"at+jwt\"}",
                json(claims())));
    es.put("settings", Map.of("AUTHGEAR_ALGORITHMS", "RS256,ES256"));
    allowedUser(es);
    Map<String, Object> noSkew = bearer("no skew: exp in a second", withClaim("exp", NOW + 1));
    noSkew.put("settings", Map.of("AUTHGEAR_CLOCK_SKEW", "0s"));
    allowedUser(noSkew);
    allowed(
        bearer(
            "nothing but what is required",
            signed(
                new TreeMap<>(
                    Map.of("iss", ISSUER, "aud", ISSUER, "sub", "user-1", "exp", NOW + 1)))),
        "true",
        "user-1");

    denied(vector("no header", List.of()), Reason.NO_CREDENTIALS, "Bearer");
    denied(vector("Basic", List.of("Basic dTpw")), Reason.NO_CREDENTIALS, "Bearer");
    denied(vector("empty bearer", List.of("Bearer")), Reason.MALFORMED_CREDENTIALS, invalidRequest);
    denied(
        vector("space inside", List.of("Bearer " + token + " x")),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        vector("two headers", List.of("Bearer " + token, "Bearer " + token)),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        bearer("16 KiB and one", "a".repeat(16 * 1024 + 1)),
        Reason.TOKEN_TOO_LARGE,
        invalidRequest);

    bad("one dot", "a.b", Reason.MALFORMED_TOKEN);
    bad("five parts", "a.b.c.d.e", Reason.MALFORMED_TOKEN);
    bad("header is no JSON", Base64URL.encode("{\"alg\":") + ".e30.x", Reason.MALFORMED_TOKEN);
    bad("payload is no JSON", sign(rsa, "RS256", json(header()), "x"), Reason.MALFORMED_TOKEN);
    bad(
        "sub twice",
        sign(rsa, "RS256", json(header()), json(claims()).replaceFirst("\\{", "{\"sub\":\"x\",")),
        Reason.MALFORMED_TOKEN);
    bad("exp is a text", withClaim("exp", "1800001740"), Reason.MALFORMED_TOKEN);
    bad("flag is a text", withClaim(USER + "is_verified", "true"), Reason.MALFORMED_TOKEN);
    bad("ID token", withHeader(h -> h.put("typ", "JWT")), Reason.WRONG_TYPE);
    bad("no typ", withHeader(h -> h.remove("typ")), Reason.WRONG_TYPE);
    bad(
        "alg none",
        Base64URL.encode("{\"alg\":\"none\",\"typ\":\"at+jwt\"}") + "." + parts[1] + ".",
        Reason.ALGORITHM_NOT_ALLOWED);
    bad(
        "HS256 with the public key as secret",
        sign(
            rsa,
            "HS256",
            "{\"alg\":\"HS256\",\"kid\":\"rsa-1\",\"typ\":\"at+jwt\"}",
            json(claims())),
        Reason.ALGORITHM_NOT_ALLOWED);
    bad(
        "ES256 where RS256 alone is accepted",
        sign(
            ec, "ES256", "{\"alg\":\"ES256\",\"kid\":\"ec-1\",\"typ\":\"at+jwt\"}", json(claims())),
        Reason.ALGORITHM_NOT_ALLOWED);
    bad(
        "RS256 by the kid of an EC key",
        withHeader(h -> h.put("kid", "ec-1")),
        Reason.ALGORITHM_NOT_ALLOWED);
    bad("crit", withHeader(h -> h.put("crit", List.of("exp"))), Reason.CRITICAL_HEADER);
    bad("unknown kid", withHeader(h -> h.put("kid", "other")), Reason.UNKNOWN_KEY);
    bad("no kid", withHeader(h -> h.remove("kid")), Reason.UNKNOWN_KEY);
    bad(
        "signed by another key",
        sign(stranger, "RS256", json(header()), json(claims())),
        Reason.BAD_SIGNATURE);
    Map<String, Object> embedding = header();
    embedding.put("jwk", stranger.toPublicJWK().toJSONObject());
    bad(
        "signed by the key in its own header",
        sign(stranger, "RS256", json(embedding), json(claims())),
        Reason.BAD_SIGNATURE);
    bad(
        "payload changed",
        parts[0]
            + "."
            + Base64URL.encode(json(claims()).replace("editor", "owner"))
            + "."
            + parts[2],
        Reason.BAD_SIGNATURE);
    bad("no signature", parts[0] + "." + parts[1] + ".", Reason.BAD_SIGNATURE);
    bad("signature's last character in another spelling", respelled(token), Reason.BAD_SIGNATURE);
    bad("slash after iss", withClaim("iss", ISSUER + "/"), Reason.WRONG_ISSUER);
    bad("no iss", without("iss"), Reason.WRONG_ISSUER);
    bad("another aud", withClaim("aud", List.of("https://other")), Reason.WRONG_AUDIENCE);
    bad("no aud", without("aud"), Reason.WRONG_AUDIENCE);
    bad("exp at the skew", withClaim("exp", NOW - SKEW), Reason.EXPIRED);
    bad("nbf a second beyond the skew", withClaim("nbf", NOW + SKEW + 1), Reason.NOT_YET_VALID);
    bad("iat a second beyond the skew", withClaim("iat", NOW + SKEW + 1), Reason.NOT_YET_VALID);
    bad("no exp", without("exp"), Reason.MISSING_CLAIM);
    bad("no sub", without("sub"), Reason.MISSING_CLAIM);
    bad("sub of another client", withClaim("sub", "client_id_x"), Reason.MISSING_CLAIM);
    bad("cnf", withClaim("cnf", Map.of("jkt", "x")), Reason.SENDER_CONSTRAINED);
    bad("line break in sub", withClaim("sub", "a\r\nx: y"), Reason.UNSAFE_VALUE);
    bad("comma in a role", withClaim(USER + "roles", List.of("a,admin")), Reason.UNSAFE_VALUE);
    Map<String, Object> noSkewNow = bearer("no skew: exp now", withClaim("exp", NOW));
    noSkewNow.put("settings", Map.of("AUTHGEAR_CLOCK_SKEW", "0s"));
    denied(noSkewNow, Reason.EXPIRED, "Bearer error=\"invalid_token\"");
    return document();
  }

  private Map<String, Object> required(String requirement, String token) {
    Map<String, Object> vector = bearer(requirement, token);
    vector.put("require", requirement);
    return vector;
  }

  private String policies() {
    String token = token();
    String machine = signed(machineClaims());
    String scope = "Bearer error=\"insufficient_scope\"";
    String known = "Bearer";
    String invalid = "Bearer error=\"invalid_token\"";
    String stepUp = "Bearer error=\"insufficient_user_authentication\"";
    for (String met :
        List.of(
            "role=admin",
            "role=owner,admin&role=editor",
            "scope=openid",
            "amr=otp",
            "max_age=120",
            "verified=true&anonymous=false",
            "client_id=497d841ea22f33d3",
            "principal=any",
            "optional=true")) {
      allowedUser(required(met, token));
    }
    for (String met :
        List.of(
            "principal=client&audience=https://api.example.com",
            "principal=any&audience=https://api.example.com",
            "principal=client&audience=https://api.example.com&scope=write:orders,read:orders",
            "principal=client&audience=https://api.example.com&client_id=497d841ea22f33d3")) {
      allowedMachine(required(met, machine));
    }
    Map<String, Object> nobody = vector("optional, no credentials", List.of());
    nobody.put("require", "optional=true");
    allowed(nobody);
    Map<String, Object> unproven = bearer("optional, expired", withClaim("exp", NOW - SKEW));
    unproven.put("require", "optional=true");
    allowed(unproven, "false");

    denied(bearer("machine, nobody asked for it", machine), Reason.PRINCIPAL_NOT_ALLOWED, known);
    denied(required("principal=client", token), Reason.PRINCIPAL_NOT_ALLOWED, known);
    denied(required("principal=client", machine), Reason.WRONG_AUDIENCE, invalid);
    String client = "principal=client&audience=https://api.example.com";
    denied(
        required(client + "&scope=write:orders", machine),
        Reason.SCOPE_MISSING,
        scope + ", scope=\"write:orders\"");
    denied(required(client + "&client_id=other", machine), Reason.CLIENT_NOT_ALLOWED, known);
    denied(required(client + "&role=admin", machine), Reason.ROLE_MISSING, known);
    denied(
        required(client + "&max_age=300", machine),
        Reason.STALE_AUTHENTICATION,
        stepUp + ", max_age=\"300\"");
    denied(required("audience=https://api.example.com", token), Reason.WRONG_AUDIENCE, invalid);
    denied(required("client_id=other", token), Reason.CLIENT_NOT_ALLOWED, known);
    Map<String, Object> other = bearer("client not of AUTHGEAR_CLIENT_IDS", token);
    other.put("settings", Map.of("AUTHGEAR_CLIENT_IDS", "other"));
    denied(other, Reason.CLIENT_NOT_ALLOWED, known);
    denied(required("role=owner", token), Reason.ROLE_MISSING, known);
    denied(required("role=admin&role=owner", token), Reason.ROLE_MISSING, known);
    denied(
        required("scope=read:orders,write:orders", token),
        Reason.SCOPE_MISSING,
        scope + ", scope=\"read:orders\"");
    denied(required("verified=true", without(USER + "is_verified")), Reason.NOT_VERIFIED, known);
    denied(
        required("anonymous=false", withClaim(USER + "is_anonymous", true)),
        Reason.ANONYMOUS_USER,
        known);
    denied(required("amr=x_biometric", token), Reason.AMR_MISSING, stepUp);
    denied(
        required("max_age=119", token), Reason.STALE_AUTHENTICATION, stepUp + ", max_age=\"119\"");
    denied(
        required("max_age=300", without("auth_time")),
        Reason.STALE_AUTHENTICATION,
        stepUp + ", max_age=\"300\"");
    for (String mistake :
        List.of("rolle=admin", "role=", "max_age=1&max_age=2", "verified=false")) {
      denied(required(mistake, token), Reason.BAD_REQUIREMENT, "");
    }
    denied(
        at("/auth?role=admin&access_token=x", List.of("Bearer " + token)),
        Reason.BAD_REQUIREMENT,
        "");
    return document();
  }

  // ---- Named policies, and what challenges say about the place

  private Map<String, Object> at(String target, List<String> authorization) {
    Map<String, Object> vector = vector(target, authorization);
    vector.put("path", target);
    return vector;
  }

  private Map<String, Object> at(String target, String token) {
    return at(target, List.of("Bearer " + token));
  }

  private String locations() {
    String token = token();
    String machine = signed(machineClaims());
    String place =
        "Bearer realm=\"orders\"%s, resource_metadata="
            + "\"https://api.example.com/.well-known/oauth-protected-resource/orders\"";
    String known = place.replace("%s", "");
    // A challenge that a new login may answer names every scope that the location requires.
    String open = place.replace("%s", "%s, scope=\"openid\"");
    for (String target :
        List.of(
            "/auth",
            "/auth/admin",
            "/auth/admin?role=owner",
            "/auth/fresh_admin",
            "/ext-authz/admin",
            "/ext-authz/admin/",
            "/ext-authz/admin?role=owner",
            "/ext-authz/admin/orders/1?role=owner&rolle=x",
            "/ext-authz/admin/../owner/x",
            "/ext-authz/admin/%2e%2e%2Fowner",
            "/ext-authz/admin//auth/owner")) {
      allowedUser(at(target, token));
    }
    allowedMachine(at("/auth/worker", machine));
    allowedMachine(at("/ext-authz/worker/orders", machine));
    allowed(at("/auth/guest", List.of()));
    allowed(at("/ext-authz/guest/x", "a.b.c"), "false");
    for (String target :
        List.of(
            "/auth/owner",
            "/auth/owner?role=admin&optional=true",
            "/ext-authz/owner",
            "/ext-authz/owner?role=admin",
            "/ext-authz/owner/../admin/x",
            "/ext-authz/owner/%2E%2E%2fadmin",
            "/ext-authz/owner/..;/admin")) {
      denied(at(target, token), Reason.ROLE_MISSING, known);
    }
    for (String target :
        List.of(
            "/auth/nobody",
            "/auth/",
            "/auth/ADMIN",
            "/auth/admin/",
            "/ext-authz/nobody/admin",
            "/ext-authz/",
            "/ext-authz/admin%2Fx")) {
      denied(at(target, token), Reason.UNKNOWN_POLICY, "");
    }
    denied(at("/auth/admin", machine), Reason.PRINCIPAL_NOT_ALLOWED, known);
    denied(at("/auth/worker", token), Reason.PRINCIPAL_NOT_ALLOWED, known);
    denied(
        at("/auth?scope=read:orders", token),
        Reason.SCOPE_MISSING,
        place.replace("%s", ", error=\"insufficient_scope\", scope=\"openid read:orders\""));
    denied(
        at("/auth?scope=read:orders,x&scope=write:orders", token),
        Reason.SCOPE_MISSING,
        place.replace(
            "%s", ", error=\"insufficient_scope\", scope=\"openid read:orders write:orders\""));
    denied(
        at("/auth?max_age=119", token),
        Reason.STALE_AUTHENTICATION,
        place.replace(
            "%s",
            ", error=\"insufficient_user_authentication\", scope=\"openid\", max_age=\"119\""));
    denied(at("/auth", List.of()), Reason.NO_CREDENTIALS, open.replace("%s", ""));
    denied(
        at("/auth", List.of("Bearer")),
        Reason.MALFORMED_CREDENTIALS,
        open.replace("%s", ", error=\"invalid_request\""));
    denied(
        at("/auth", "a.b.c"),
        Reason.MALFORMED_TOKEN,
        open.replace("%s", ", error=\"invalid_token\""));
    return document(
        Map.of(
            "AUTHGEAR_POLICY_ADMIN", "role=admin",
            "AUTHGEAR_POLICY_FRESH_ADMIN", "role=admin&max_age=120",
            "AUTHGEAR_POLICY_OWNER", "role=owner",
            "AUTHGEAR_POLICY_GUEST", "optional=true",
            "AUTHGEAR_POLICY_WORKER", "principal=client&audience=https://api.example.com",
            "AUTHGEAR_REALM", "orders",
            "AUTHGEAR_AUDIENCE", "https://my-project.authgear.cloud",
            "AUTHGEAR_RESOURCE", "https://api.example.com/orders"));
  }

  // ---- Other ways to bring the token

  private String carriers() {
    String token = token();
    String other = without("auth_time");
    String invalidRequest = "Bearer error=\"invalid_request\"";
    String header = "X-Access-Token";
    String uri = "X-Original-URI";
    String escaped = token.replace(".", "%2E");
    List<String> bearer = List.of("Bearer " + token);

    allowedUser(vector("Authorization", bearer));
    allowedUser(with(vector("header", List.of()), header, token));
    allowedUser(with(vector("header, with the scheme", List.of()), header, "bearer " + token));
    allowedUser(with(vector("header, and Basic", List.of("Basic dTpw")), header, token));
    allowedUser(with(vector("cookie", List.of()), "Cookie", "theme=dark; access_token=" + token));
    allowedUser(
        with(vector("query", List.of()), uri, "/chat?room=1&access_token=" + token + "&last=2"));
    allowedUser(with(vector("query, escaped", List.of()), uri, "/chat?access_token=" + escaped));
    allowedUser(
        with(
            vector("the same everywhere", bearer),
            header,
            token,
            "Cookie",
            "access_token=" + token,
            uri,
            "/chat?access_token=" + token));

    denied(
        with(vector("Authorization and another in the header", bearer), header, other),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        with(
            vector("Authorization and another in the cookie", bearer),
            "Cookie",
            "access_token=" + other),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        with(
            vector("Authorization and another in the query", bearer),
            uri,
            "/chat?access_token=" + other),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        with(vector("two headers", List.of()), header, token, header, other),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        with(
            vector("two cookies", List.of()),
            "Cookie",
            "access_token=" + token + "; access_token=" + other),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        with(
            vector("two in the query", List.of()),
            uri,
            "/chat?access_token=" + token + "&access_token=" + other),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        with(vector("query, broken escape", List.of()), uri, "/chat?access_token=%2"),
        Reason.MALFORMED_CREDENTIALS,
        invalidRequest);
    denied(
        with(vector("query, expired", List.of()), uri, "/?access_token=" + expired()),
        Reason.EXPIRED,
        "Bearer error=\"invalid_token\"");
    denied(
        with(vector("empty everywhere", List.of()), header, "", uri, "/chat?access_token="),
        Reason.NO_CREDENTIALS,
        "Bearer");
    denied(
        with(vector("in the path only", List.of()), uri, "/chat/access_token=" + token),
        Reason.NO_CREDENTIALS,
        "Bearer");
    Map<String, Object> off =
        with(
            vector("nothing named by a setting", List.of()),
            header,
            token,
            "Cookie",
            "access_token=" + token,
            uri,
            "/chat?access_token=" + token);
    off.put(
        "settings",
        new TreeMap<>(
            Map.of(
                "AUTHGEAR_TOKEN_HEADER", "",
                "AUTHGEAR_TOKEN_COOKIE", "",
                "AUTHGEAR_TOKEN_QUERY_FROM", "")));
    denied(off, Reason.NO_CREDENTIALS, "Bearer");
    return document(
        Map.of(
            "AUTHGEAR_TOKEN_HEADER", "x-access-token",
            "AUTHGEAR_TOKEN_COOKIE", "access_token",
            "AUTHGEAR_TOKEN_QUERY_FROM", "x-original-uri"));
  }

  private String expired() {
    return withClaim("exp", NOW - SKEW);
  }

  // ---- Claims to headers, and how much of them

  private static final String PLAN = "x-authgear-claim-plan";
  private static final String EMAIL = "x-authgear-claim-email";

  /** The headers that are expected. */
  @SuppressWarnings("unchecked")
  private static Map<String, Object> headersOf(Map<String, Object> vector) {
    Map<String, Object> expected =
        (Map<String, Object>) Objects.requireNonNull(vector.get("expect"));
    return (Map<String, Object>) Objects.requireNonNull(expected.get("headers"));
  }

  private static void telling(Map<String, Object> vector, String plan, String email) {
    headersOf(vector).put(PLAN, plan);
    headersOf(vector).put(EMAIL, email);
  }

  private void plan(String name, Object claim, String header) {
    Map<String, Object> vector = bearer(name, withClaim("https://example.com/plan", claim));
    allowedUser(vector);
    telling(vector, header, "");
  }

  private String claimHeaders() {
    plan("text", "gold", "gold");
    plan("empty text", "", "");
    plan("number", 42, "42");
    plan("fraction", 0.5, "0.5");
    plan("large number", 1e21, "1000000000000000000000");
    plan("true", true, "true");
    plan("false", false, "false");
    plan("list", List.of("gold", "beta"), "gold,beta");
    plan("empty list", List.of(), "");
    Map<String, Object> both =
        bearer(
            "two claims",
            withClaims(
                claims -> {
                  claims.put("https://example.com/plan", "gold");
                  claims.put("email", "a@example.com");
                }));
    allowedUser(both);
    telling(both, "gold", "a@example.com");
    Map<String, Object> none = bearer("neither claim", token());
    allowedUser(none);
    telling(none, "", "");
    Map<String, Object> nobody = vector("nobody", List.of());
    nobody.put("require", "optional=true");
    allowed(nobody);
    telling(nobody, "", "");
    Map<String, Object> expired =
        bearer(
            "not proven",
            withClaims(
                claims -> {
                  claims.put("exp", NOW - SKEW);
                  claims.put("email", "a@example.com");
                }));
    expired.put("require", "optional=true");
    allowed(expired, "false");
    telling(expired, "", "");

    for (Object unsafe :
        List.of(
            "a b",
            "a\r\nx-authgear-user-id: b",
            "Zo\u00eb",
            List.of("gold,admin"),
            List.of("a b"),
            List.of(""),
            List.of(1),
            Map.of("name", "gold"))) {
      bad(
          "not fit for a header: " + json(unsafe),
          withClaim("https://example.com/plan", unsafe),
          Reason.UNSAFE_VALUE);
    }
    headerBudget();
    return document(
        Map.of("AUTHGEAR_CLAIM_HEADERS", "https://example.com/plan=" + PLAN + ",email=" + EMAIL));
  }

  private void headerBudget() {
    Map<String, Object> none = new LinkedHashMap<>();
    allowedUser(none);
    telling(none, "", "");
    int others = bytes(headersOf(none));
    String most = "x".repeat(3072 - others);
    plan("as many bytes of headers as may be", most, most);
    bad("a byte too many", withClaim("https://example.com/plan", most + "x"), Reason.HEADER_BUDGET);
    Map<String, Object> optional =
        bearer("a byte too many, optional", withClaim("https://example.com/plan", most + "x"));
    optional.put("require", "optional=true");
    allowed(optional, "false");
    telling(optional, "", "");
    Map<String, Object> more =
        bearer("a byte too many by default", withClaim("https://example.com/plan", most + "x"));
    more.put("settings", Map.of("AUTHGEAR_HEADER_BUDGET", "3073"));
    allowedUser(more);
    telling(more, most + "x", "");
  }

  /** Names, values, and four each for the colon, the space and the end of the line. */
  private static int bytes(Map<String, Object> headers) {
    return headers.entrySet().stream()
        .mapToInt(header -> header.getKey().length() + header.getValue().toString().length() + 4)
        .sum();
  }

  /** A request with a session cookie, and what the resolver answers to it. */
  private Map<String, Object> asked(String name, int status, String body, String... headers) {
    Map<String, Object> vector = vector(name, List.of());
    vector.put("cookie", List.of("theme=dark; session=s3cret-" + vectors.size()));
    vector.put(
        "resolver",
        new TreeMap<>(Map.of("status", status, "headers", pairs(headers), "body", body)));
    return vector;
  }

  private String resolver() {
    String valid = IdentityHeader.SESSION_VALID.headerName();
    String id = IdentityHeader.USER_ID.headerName();
    String invalid = "Bearer error=\"invalid_token\"";
    allowed(
        asked(
            "valid session",
            200,
            "",
            valid,
            "true",
            id,
            "user-1",
            "x-authgear-user-anonymous",
            "false",
            "x-authgear-user-verified",
            "true",
            "x-authgear-user-can-reauthenticate",
            "true",
            "x-authgear-user-roles",
            "editor,admin",
            "x-authgear-session-amr",
            "pwd otp",
            "x-authgear-session-authenticated-at",
            "1799999880"),
        "true",
        "user-1",
        "false",
        "true",
        "true",
        "editor,admin",
        "pwd otp",
        "1799999880");
    allowed(
        asked("valid session, little known", 200, "", valid, "true", id, "user-1"),
        "true",
        "user-1");
    denied(asked("dead session", 200, "", valid, "false"), Reason.SESSION_INVALID, invalid);
    denied(asked("no verdict", 200, ""), Reason.SESSION_INVALID, invalid);
    denied(
        asked("redirect", 307, "", "Location", "https://other.example/"),
        Reason.RESOLVER_ORIGIN_MISMATCH,
        "");
    denied(asked("unknown host", 404, "app not found"), Reason.RESOLVER_UNKNOWN_PROJECT, "");
    denied(asked("internal error", 500, "oops"), Reason.RESOLVER_ERROR, "");
    denied(asked("bad gateway", 502, ""), Reason.RESOLVER_ERROR, "");
    denied(asked("forbidden", 403, ""), Reason.RESOLVER_BAD_ANSWER, "");
    denied(asked("no content", 204, "", valid, "true", id, "u"), Reason.RESOLVER_BAD_ANSWER, "");
    denied(asked("login page", 200, "<html>"), Reason.RESOLVER_BAD_ANSWER, "");
    denied(asked("neither true nor false", 200, "", valid, "yes"), Reason.RESOLVER_BAD_ANSWER, "");
    denied(asked("nobody's session", 200, "", valid, "true"), Reason.RESOLVER_BAD_ANSWER, "");
    denied(asked("a user without verdict", 200, "", id, "u"), Reason.RESOLVER_BAD_ANSWER, "");
    denied(
        asked("two verdicts", 200, "", valid, "true", valid, "false", id, "u"),
        Reason.RESOLVER_BAD_ANSWER,
        "");
    return document();
  }
}
