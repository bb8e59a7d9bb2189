package com.authgear.authrequest;

import com.authgear.authrequest.check.Parts;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.http.AuthResponder;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Authenticator;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.jwt.TokenCache;
import com.authgear.authrequest.verify.resolver.Resolver;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.session.CacheCounts;
import com.authgear.authrequest.verify.session.ResolverCache;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Puts the service's parts together for {@code check}, without listening and without metrics. */
final class CheckParts {

  private CheckParts() {}

  static Parts of(Settings settings, InstantSource clock) {
    CryptoProvider crypto = CryptoProvider.choose();
    Keys keys =
        Keys.discover(
            settings.endpoint(),
            settings.connectTo(),
            Running.KEY_TIMEOUT,
            clock,
            Keys.Timing.DEFAULT,
            () -> crypto,
            (_, _) -> {},
            Tracing.OFF);
    JwtVerifier jwt = Running.jwt(settings, keys, clock, new TokenCache(1, new CacheCounts()));
    Resolver resolver = Running.resolver(settings, (_, _) -> {}, Tracing.OFF);
    List<ResolverAnswer> heard = new CopyOnWriteArrayList<>();
    ResolverCache.Asker asker =
        (presented, caller) -> {
          ResolverAnswer outcome = resolver.ask(presented, caller);
          heard.add(outcome);
          return outcome;
        };
    ChangeMarks marks = new ChangeMarks(clock, System::nanoTime, settings.clockSkew());
    ResolverCache sessions = answers(settings, asker, settings.resolverCacheTtl(), marks, clock);
    ResolverCache confirmations =
        answers(
            settings, asker, settings.recheck().orElse(ResolverCache.UNTIL_THE_END), marks, clock);
    return new Parts(
        keys,
        jwt,
        resolver,
        new CredentialExtractor(settings.cookiePrefix(), settings.tokenCarriers()),
        Running.requirements(settings),
        new Authenticator(
            Running.mode(settings),
            jwt,
            sessions,
            confirmations,
            settings.recheck().isPresent(),
            marks,
            clock),
        new AuthResponder(settings.claimHeaders(), settings.headerBudget()),
        Running.space(settings),
        heard,
        () -> {
          sessions.close();
          confirmations.close();
          resolver.close();
          keys.close();
        });
  }

  private static ResolverCache answers(
      Settings settings,
      ResolverCache.Asker asker,
      Duration goodFor,
      ChangeMarks marks,
      InstantSource clock) {
    return Running.answers(
        settings,
        asker,
        goodFor,
        false,
        marks,
        clock,
        new CacheCounts(),
        new ResolverCache.CacheListener() {});
  }
}
