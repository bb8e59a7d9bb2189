package com.authgear.authrequest.verify.session;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.resolver.ResolverResult;
import com.authgear.authrequest.verify.resolver.SentCredential;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The question whether the session of a locally verified JWT still stands. What the resolver says
 * of the user is fresher than the token; what only a token can say stays the token's.
 *
 * <p>Two refusals are told apart by their source. The resolver does not know the session any more:
 * {@link VerifiedBy#JWT}, and as for any token that is not valid, cookies may count. The resolver
 * knows it and refuses its user: {@link VerifiedBy#RESOLVER}, and cookies do not count, as in its
 * own precedence.
 *
 * @param credential with the raw JWT
 * @param local what local verification says of it
 * @param asker whose request it is
 * @param within how fresh the answer must be; null: as all
 */
public record Confirmation(
    Credential.Presented credential,
    Verified local,
    Supplier<Caller> asker,
    @Nullable Within within)
    implements ResolverQuery {

  public Confirmation(Credential.Presented credential, Verified local, Supplier<Caller> asker) {
    this(credential, local, asker, null);
  }

  @Override
  public SentCredential presented() {
    return new SentCredential(credential.value(), null);
  }

  @Override
  public Caller caller() {
    return asker.get();
  }

  @Override
  public String userId() {
    return local.principal().userId();
  }

  @Override
  public ResolverAnswer meaning(ResolverAnswer outcome) {
    return switch (outcome.verification()) {
      case Verified session when !session.principal().userId().equals(userId()) ->
          // Whoever answers there mixes up its users.
          new ResolverAnswer(
              ResolverResult.BAD_ANSWER,
              new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_BAD_ANSWER),
              "");
      case Verified session ->
          new ResolverAnswer(
              outcome.result(),
              new Verified(
                  VerifiedBy.JWT,
                  fresher(local.principal(), session.principal()),
                  local.issuedAt(),
                  local.expiresAt(),
                  session.freshUntil(),
                  session.setCookie()),
              "");
      case Rejected rejected when outcome.result() == ResolverResult.ABSENT ->
          new ResolverAnswer(
              outcome.result(),
              new Rejected(VerifiedBy.JWT, Reason.SESSION_INVALID, rejected.setCookie()),
              "");
      case Rejected _, Unavailable _, Verification.Anonymous _ -> outcome;
    };
  }

  private static Principal fresher(Principal token, Principal session) {
    return new Principal(
        token.kind(),
        token.userId(),
        either(session.anonymous(), token.anonymous()),
        either(session.verified(), token.verified()),
        either(session.canReauthenticate(), token.canReauthenticate()),
        same(session.roles(), token.roles()),
        session.amr().isEmpty() ? token.amr() : same(session.amr(), token.amr()),
        session.authTime().isPresent() && !session.authTime().equals(token.authTime())
            ? session.authTime()
            : token.authTime(),
        token.clientId(),
        token.scopes(),
        token.audiences(),
        token.claims());
  }

  private static @Nullable Boolean either(@Nullable Boolean fresher, @Nullable Boolean older) {
    return fresher == null ? older : fresher;
  }

  /** The fresher list, in the older one's memory if nothing changed. */
  private static List<String> same(List<String> fresher, List<String> older) {
    return fresher.equals(older) ? older : fresher;
  }

  @Override
  public String toString() {
    return "Confirmation[" + credential.length() + " characters]";
  }
}
