package com.authgear.authrequest.requirement;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.Principal.Proof;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** One thing that a location requires of whoever is authenticated. */
public sealed interface Rule {

  /** The key by which the grammar writes such a rule, such as {@code max_age}. */
  String key();

  /** Why a request is refused whose principal does not meet this rule. */
  Reason reason();

  /**
   * Whether a principal meets this rule. What nobody knows about the principal meets no rule.
   *
   * @param now Unix seconds
   */
  boolean isMetBy(Principal principal, long now);

  /**
   * Until when a principal that meets this rule now goes on meeting it, in Unix seconds; {@link
   * Long#MAX_VALUE} if time does not matter.
   */
  default long metUntil(Principal principal) {
    return Long.MAX_VALUE;
  }

  /** The rule as the grammar writes it. */
  String print();

  /** What a principal has several of, or one of several. */
  enum Attribute {
    ROLE(Reason.ROLE_MISSING),
    SCOPE(Reason.SCOPE_MISSING),
    AUDIENCE(Reason.WRONG_AUDIENCE),
    CLIENT_ID(Reason.CLIENT_NOT_ALLOWED),
    AMR(Reason.AMR_MISSING);

    private final Reason missing;
    private final String key = name().toLowerCase(Locale.ROOT);

    Attribute(Reason missing) {
      this.missing = missing;
    }

    /** The key of the grammar, such as {@code client_id}. */
    public String key() {
      return key;
    }

    /** Those that a principal is known to have. */
    public List<String> heldBy(Principal principal) {
      return switch (this) {
        case ROLE -> principal.roles();
        case SCOPE -> principal.scopes();
        case AUDIENCE -> principal.audiences();
        case CLIENT_ID ->
            principal.clientId().isEmpty() ? List.of() : List.of(principal.clientId());
        case AMR -> principal.amr();
      };
    }
  }

  /**
   * The principal has one of these values.
   *
   * @param name the key, or the setting that the values come from
   * @param values never empty, none of them empty
   * @param alsoMetBy by what a principal may be known that need have none, because such credentials
   *     never name one
   */
  record OneOf(Attribute attribute, String name, List<String> values, Set<Proof> alsoMetBy)
      implements Rule {
    public OneOf {
      values = List.copyOf(values);
      alsoMetBy = Set.copyOf(alsoMetBy);
    }

    /** One that only the values meet. */
    public OneOf(Attribute attribute, String name, List<String> values) {
      this(attribute, name, values, Set.of());
    }

    /** One that a location has itself. */
    public static OneOf of(Attribute attribute, List<String> values) {
      return new OneOf(attribute, attribute.key(), values);
    }

    @Override
    public String key() {
      return attribute.key();
    }

    @Override
    public Reason reason() {
      return attribute.missing;
    }

    @Override
    public boolean isMetBy(Principal principal, long now) {
      List<String> held = attribute.heldBy(principal);
      for (int i = 0; i < values.size(); i++) {
        if (held.contains(values.get(i))) {
          return true;
        }
      }
      return alsoMetBy.contains(principal.proof());
    }

    /**
     * Whether it says which credential counts at all, and not what the user must be: the audience,
     * and the clients that the settings name. Authgear's resolver looks at neither.
     */
    public boolean isAboutTheCredential() {
      return attribute == Attribute.AUDIENCE
          || (attribute == Attribute.CLIENT_ID && !name.equals(attribute.key()));
    }

    @Override
    public String print() {
      return name + "=" + String.join(",", values).replace("%", "%25").replace("&", "%26");
    }
  }

  /** Which kinds of principal pass. */
  enum PrincipalIs implements Rule {
    USER,
    CLIENT,
    ANY;

    @Override
    public String key() {
      return "principal";
    }

    @Override
    public Reason reason() {
      return Reason.PRINCIPAL_NOT_ALLOWED;
    }

    @Override
    public boolean isMetBy(Principal principal, long now) {
      return switch (this) {
        case USER -> principal.kind() == Kind.USER;
        case CLIENT -> principal.kind() == Kind.CLIENT;
        case ANY -> true;
      };
    }

    /** The value by which the grammar writes it. */
    public String value() {
      return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String print() {
      return key() + "=" + value();
    }
  }

  /** The user is no anonymous one. */
  record NotAnonymous() implements Rule {
    @Override
    public String key() {
      return "anonymous";
    }

    @Override
    public Reason reason() {
      return Reason.ANONYMOUS_USER;
    }

    @Override
    public boolean isMetBy(Principal principal, long now) {
      return Boolean.FALSE.equals(principal.anonymous());
    }

    @Override
    public String print() {
      return "anonymous=false";
    }
  }

  /** The user has verified an address or number. */
  record IsVerified() implements Rule {
    @Override
    public String key() {
      return "verified";
    }

    @Override
    public Reason reason() {
      return Reason.NOT_VERIFIED;
    }

    @Override
    public boolean isMetBy(Principal principal, long now) {
      return Boolean.TRUE.equals(principal.verified());
    }

    @Override
    public String print() {
      return "verified=true";
    }
  }

  /**
   * The user authenticated not long ago.
   *
   * @param seconds at most (RFC 9470 {@code max_age})
   */
  record MaxAge(long seconds) implements Rule {
    @Override
    public String key() {
      return "max_age";
    }

    @Override
    public Reason reason() {
      return Reason.STALE_AUTHENTICATION;
    }

    @Override
    public boolean isMetBy(Principal principal, long now) {
      return principal.authTime().isPresent() && now - principal.authTime().getAsLong() <= seconds;
    }

    @Override
    public long metUntil(Principal principal) {
      return principal.authTime().orElseThrow() + seconds + 1;
    }

    @Override
    public String print() {
      return "max_age=" + seconds;
    }
  }
}
