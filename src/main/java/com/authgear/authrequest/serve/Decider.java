package com.authgear.authrequest.serve;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.http.AuthResponder;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.requirement.Resource;
import com.authgear.authrequest.settings.Mode;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.verify.CacheCounts;
import com.authgear.authrequest.verify.authenticator.Authenticator;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.Followed;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.jwt.TokenCache;
import com.authgear.authrequest.verify.resolver.Resolver;
import com.authgear.authrequest.verify.session.ResolverCache;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All that decides, as one set of settings makes it: what reads credentials and requirements, what
 * verifies, and what makes the answer of it. The service, {@code check}, tests and the benchmark
 * decide with this one.
 */
public final class Decider implements AutoCloseable {

  /** How old a confirmation may be while no follower tells anything, unless settings say it. */
  static final Duration RECHECK_WHILE_AWAY = Duration.ofSeconds(30);

  private static final Duration KEY_TIMEOUT = Duration.ofSeconds(5);

  private final CredentialExtractor credentials;
  private final Requirements requirements;
  private final Keys keys;
  private final TokenCache tokens;
  private final CacheCounts tokenCounts = new CacheCounts();
  private final JwtVerifier jwt;
  private final Resolver resolver;
  private final ChangeMarks marks;
  private final @Nullable Followed followed;
  private final ResolverCache sessions;
  private final CacheCounts sessionCounts = new CacheCounts();
  private final ResolverCache confirmations;
  private final CacheCounts confirmationCounts = new CacheCounts();
  private final Authenticator authenticator;
  private final AuthResponder responder;
  private final ProtectionSpace space;

  /**
   * Nothing is fetched yet.
   *
   * @param nanoTime a steady clock
   * @param crypto asked when the first key is made
   */
  public Decider(
      Settings settings,
      InstantSource clock,
      LongSupplier nanoTime,
      Supplier<CryptoProvider> crypto,
      Observers observers) {
    credentials =
        new CredentialExtractor(settings.tokens().cookiePrefix(), settings.tokens().carriers());
    requirements =
        new Requirements(
            settings.protection().policies(),
            settings.tokens().audiences(),
            settings.tokens().clientIds(),
            settings.project().endpoint().toString(),
            settings.protection().resource());
    keys =
        Keys.discover(
            settings.project().endpoint(),
            settings.project().connectTo(),
            KEY_TIMEOUT,
            clock,
            Keys.Timing.DEFAULT,
            crypto,
            observers.keys(),
            observers.tracing());
    tokens = new TokenCache(settings.freshness().cacheSize(), tokenCounts);
    jwt =
        new JwtVerifier(
            keys,
            settings.project().endpoint().toString(),
            settings.tokens().algorithms(),
            settings.tokens().clockSkew(),
            clock,
            settings.protection().claimHeaders().stream()
                .map(ClaimHeader::claim)
                .collect(Collectors.toCollection(LinkedHashSet::new)),
            tokens);
    resolver =
        new Resolver(
            settings.resolver().url(),
            settings.project().endpoint(),
            settings.resolver().timeout(),
            settings.resolver().maxCalls(),
            observers.resolver(),
            observers.tracing());
    followed =
        settings
            .freshness()
            .bound()
            .map(bound -> new Followed(clock, nanoTime, bound))
            .orElse(null);
    marks =
        new ChangeMarks(
            clock,
            nanoTime,
            settings.tokens().clockSkew(),
            followed == null ? () -> 0 : followed::leftMillis);
    sessions =
        new ResolverCache(
            resolver::askUnchecked,
            limits(settings, settings.resolver().cacheTtl(), false),
            marks,
            clock,
            nanoTime,
            sessionCounts,
            observers.sessions());
    confirmations =
        new ResolverCache(
            resolver::ask,
            limits(
                settings,
                settings.freshness().recheck().orElse(ResolverCache.UNTIL_THE_END),
                settings.freshness().recheck().isPresent() || followed != null),
            marks,
            clock,
            nanoTime,
            confirmationCounts,
            observers.confirmations());
    authenticator =
        new Authenticator(
            mode(settings.project().mode()),
            jwt,
            sessions,
            confirmations,
            settings.freshness().recheck().isPresent(),
            marks,
            clock,
            bounds(settings, followed));
    responder =
        new AuthResponder(
            settings.protection().claimHeaders(), settings.protection().headerBudget());
    URI resource = settings.protection().resource();
    space =
        new ProtectionSpace(
            settings.protection().realm(),
            resource == null ? null : Resource.of(resource).metadata());
  }

  private static ResolverCache.CacheLimits limits(
      Settings settings, Duration goodFor, boolean refreshAhead) {
    return new ResolverCache.CacheLimits(
        goodFor,
        refreshAhead,
        settings.resolver().staleIfError(),
        settings.freshness().cacheSize(),
        settings.resolver().timeout(),
        settings.resolver().maxCalls() / 2);
  }

  private static Authenticator.VerificationMode mode(Mode mode) {
    return switch (mode) {
      case AUTO -> Authenticator.VerificationMode.AUTO;
      case JWT -> Authenticator.VerificationMode.JWT;
      case RESOLVER -> Authenticator.VerificationMode.RESOLVER;
    };
  }

  private static Authenticator.@Nullable FollowerBounds bounds(
      Settings settings, @Nullable Followed by) {
    return by == null
        ? null
        : new Authenticator.FollowerBounds(
            by,
            settings.freshness().recheck().orElse(RECHECK_WHILE_AWAY),
            settings.freshness().recheck().orElse(null),
            Math.max(settings.tokens().clockSkew().toSeconds(), ChangeMarks.LEAST_MARGIN_SECONDS));
  }

  public CredentialExtractor credentials() {
    return credentials;
  }

  public Requirements requirements() {
    return requirements;
  }

  public Keys keys() {
    return keys;
  }

  /** The tokens that are remembered as verified. */
  TokenCache tokens() {
    return tokens;
  }

  CacheCounts tokenCounts() {
    return tokenCounts;
  }

  public JwtVerifier jwt() {
    return jwt;
  }

  public Resolver resolver() {
    return resolver;
  }

  /** The users of whom is known that they changed. */
  public ChangeMarks marks() {
    return marks;
  }

  /** Whether followers tell everything in time; null if no bound was asked for. */
  public @Nullable Followed followed() {
    return followed;
  }

  /** The resolver's answers about cookies and opaque tokens. */
  public ResolverCache sessions() {
    return sessions;
  }

  CacheCounts sessionCounts() {
    return sessionCounts;
  }

  /** The resolver's answers about JWTs. */
  public ResolverCache confirmations() {
    return confirmations;
  }

  CacheCounts confirmationCounts() {
    return confirmationCounts;
  }

  public Authenticator authenticator() {
    return authenticator;
  }

  public AuthResponder responder() {
    return responder;
  }

  /** What challenges say about where they come from. */
  public ProtectionSpace space() {
    return space;
  }

  @Override
  public void close() {
    keys.close();
    sessions.close();
    confirmations.close();
    resolver.close();
  }
}
