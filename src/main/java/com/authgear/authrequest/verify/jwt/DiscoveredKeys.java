package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.verify.LoggedUrl;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.text.ParseException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the key set by OpenID Connect discovery. Authgear answers only to its public name, so calls
 * that connect elsewhere still carry the public {@code Host} and {@code X-Forwarded-*}.
 */
final class DiscoveredKeys implements KeyFetcher {

  private static final Logger LOG = LoggerFactory.getLogger(DiscoveredKeys.class);
  private static final long MAX_BODY_BYTES = 1024 * 1024;
  private static final int MIN_RSA_BITS = 2048;

  private final Duration timeout;
  private final HttpUrl issuer;
  private final HttpUrl connectTo;
  private final String issuerText;
  private final InstantSource clock;
  private final Supplier<CryptoProvider> crypto;

  /** Made by the first fetch: to load what TLS trusts takes a while, and fetches have a thread. */
  private @Nullable OkHttpClient client;

  /**
   * @param timeout of each call
   * @param issuer the public origin
   * @param connectTo the origin to connect to in its stead
   * @param crypto verifies signatures with the keys; not asked before there are any
   */
  DiscoveredKeys(
      Duration timeout,
      URI issuer,
      URI connectTo,
      InstantSource clock,
      Supplier<CryptoProvider> crypto) {
    this.timeout = timeout;
    this.issuer = HttpUrl.get(issuer.toString());
    this.issuerText = issuer.toString();
    this.connectTo = HttpUrl.get(connectTo.toString());
    this.clock = clock;
    this.crypto = crypto;
  }

  @Override
  public KeySet fetch() throws KeyFetchException {
    HttpUrl discovery =
        connectTo.newBuilder().addPathSegments(".well-known/openid-configuration").build();
    Map<String, Object> document = getJson(discovery, true);
    if (!(document.get("issuer") instanceof String found)) {
      throw new KeyFetchException(discovery + " has no issuer: is AUTHGEAR_ENDPOINT an Authgear?");
    }
    if (!found.equals(issuerText)) {
      throw new KeyFetchException(
          "the project calls itself "
              + originOf(found)
              + ", not "
              + issuerText
              + ": set AUTHGEAR_ENDPOINT to the issuer of "
              + discovery);
    }
    HttpUrl published =
        document.get("jwks_uri") instanceof String text ? HttpUrl.parse(text) : null;
    if (published == null) {
      throw new KeyFetchException(discovery + " has no usable jwks_uri");
    }
    boolean onPublicOrigin = sameOrigin(published, issuer);
    if (!onPublicOrigin && !published.isHttps()) {
      throw new KeyFetchException("jwks_uri is neither on " + issuerText + " nor https");
    }
    HttpUrl keys =
        onPublicOrigin
            ? published
                .newBuilder()
                .scheme(connectTo.scheme())
                .host(connectTo.host())
                .port(connectTo.port())
                .build()
            : published;
    return parse(getJson(keys, onPublicOrigin), keys);
  }

  private Map<String, Object> getJson(HttpUrl url, boolean asPublicOrigin)
      throws KeyFetchException {
    Request.Builder request = new Request.Builder().url(url).header("Accept", "application/json");
    if (asPublicOrigin) {
      String host = LoggedUrl.authority(issuer);
      request
          .header("Host", host)
          .header("X-Forwarded-Host", host)
          .header("X-Forwarded-Proto", issuer.scheme());
    }
    try (Response response = client().newCall(request.build()).execute()) {
      if (response.isRedirect()) {
        throw new KeyFetchException(
            url
                + " redirects to "
                + originOf(response.header("Location"))
                + ": AUTHGEAR_ENDPOINT must be the project's public origin");
      }
      if (response.code() != 200) {
        throw new KeyFetchException(url + " answered " + response.code());
      }
      return JSONObjectUtils.parse(bounded(response.body().source(), url));
    } catch (ParseException _) {
      throw new KeyFetchException(url + " did not answer with a JSON object");
    } catch (IOException e) {
      throw new KeyFetchException(
          "cannot reach " + url + ": " + e.getClass().getSimpleName() + ", " + e.getMessage());
    }
  }

  private OkHttpClient client() throws KeyFetchException {
    if (client == null) {
      try {
        client =
            new OkHttpClient.Builder()
                .followRedirects(false)
                .followSslRedirects(false)
                .callTimeout(timeout)
                .build();
      } catch (Exception | AssertionError e) { // OkHttp throws both, undeclared
        throw new KeyFetchException(
            "TLS cannot be set up: " + e.getMessage() + "; check javax.net.ssl.trustStore");
      }
    }
    return client;
  }

  private static String bounded(BufferedSource source, HttpUrl url)
      throws IOException, KeyFetchException {
    Buffer body = new Buffer();
    while (source.read(body, 8192) >= 0) {
      if (body.size() > MAX_BODY_BYTES) {
        throw new KeyFetchException(url + " answered with more than " + MAX_BODY_BYTES + " bytes");
      }
    }
    return body.readUtf8();
  }

  private KeySet parse(Map<String, Object> document, HttpUrl url) throws KeyFetchException {
    if (!(document.get("keys") instanceof List<?> entries)) {
      throw new KeyFetchException(url + " is no key set");
    }
    List<KeySet.Key> keys = new ArrayList<>();
    for (Object entry : entries) {
      KeySet.Key key = usableKey(entry);
      if (key != null) {
        keys.add(key);
      }
    }
    if (keys.isEmpty()) {
      throw new KeyFetchException(url + " has no RSA or EC signing key with a kid");
    }
    return new KeySet(keys, clock.instant().getEpochSecond());
  }

  /** A key set may hold keys for other purposes; those are none of our business. */
  private KeySet.@Nullable Key usableKey(Object entry) {
    if (!(entry instanceof Map<?, ?> members)) {
      return null;
    }
    Map<String, Object> json = new LinkedHashMap<>();
    members.forEach((name, value) -> json.put(String.valueOf(name), value));
    try {
      JWK jwk = JWK.parse(json);
      if (jwk.getKeyID() == null || !isForSignatures(jwk)) {
        return null;
      }
      if (jwk instanceof RSAKey rsa && (rsa.size() < MIN_RSA_BITS || !hasSoundExponent(rsa))) {
        return null;
      }
      JWSVerifier verifier = crypto.get().verifier(jwk);
      return verifier == null ? null : key(jwk, verifier);
    } catch (ParseException | JOSEException | GeneralSecurityException | RuntimeException e) {
      LOG.warn("a key of the key set cannot be used: {}", e.getClass().getSimpleName());
      return null;
    }
  }

  /** Odd and at least 3 (RFC 8017 §3.1): with 1 anyone could sign. */
  private static boolean hasSoundExponent(RSAKey key) {
    BigInteger exponent = key.getPublicExponent().decodeToBigInteger();
    return exponent.testBit(0) && exponent.compareTo(BigInteger.ONE) > 0;
  }

  /** What {@code use} and {@code key_ops} say (RFC 7517 §4.2, §4.3), where they are there. */
  private static boolean isForSignatures(JWK jwk) {
    return (jwk.getKeyUse() == null || jwk.getKeyUse().equals(KeyUse.SIGNATURE))
        && (jwk.getKeyOperations() == null || jwk.getKeyOperations().contains(KeyOperation.VERIFY));
  }

  /** Null if its {@code alg} is not one that a key of its type verifies (RFC 7517 §4.4). */
  private static KeySet.@Nullable Key key(JWK jwk, JWSVerifier verifier) throws JOSEException {
    Set<String> algorithms = new HashSet<>();
    for (JWSAlgorithm algorithm : verifier.supportedJWSAlgorithms()) {
      if (jwk.getAlgorithm() == null || jwk.getAlgorithm().equals(algorithm)) {
        algorithms.add(algorithm.getName());
      }
    }
    return algorithms.isEmpty()
        ? null
        : new KeySet.Key(
            jwk.getKeyID(), jwk.computeThumbprint().toString(), verifier, Set.copyOf(algorithms));
  }

  private static boolean sameOrigin(HttpUrl a, HttpUrl b) {
    return a.scheme().equals(b.scheme()) && a.host().equals(b.host()) && a.port() == b.port();
  }

  /** Only the origin of a foreign URL is fit for a log. */
  private static String originOf(@Nullable String text) {
    HttpUrl url = text == null ? null : HttpUrl.parse(text);
    return url == null ? "something that is no URL" : LoggedUrl.origin(url);
  }
}
