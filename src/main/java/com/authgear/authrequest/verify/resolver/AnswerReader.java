package com.authgear.authrequest.verify.resolver;

import static com.authgear.authrequest.principal.IdentityHeader.SESSION_AMR;
import static com.authgear.authrequest.principal.IdentityHeader.SESSION_AUTHENTICATED_AT;
import static com.authgear.authrequest.principal.IdentityHeader.SESSION_VALID;
import static com.authgear.authrequest.principal.IdentityHeader.USER_ANONYMOUS;
import static com.authgear.authrequest.principal.IdentityHeader.USER_CAN_REAUTHENTICATE;
import static com.authgear.authrequest.principal.IdentityHeader.USER_ID;
import static com.authgear.authrequest.principal.IdentityHeader.USER_ROLES;
import static com.authgear.authrequest.principal.IdentityHeader.USER_VERIFIED;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.Principal.Proof;
import com.authgear.authrequest.verify.LoggedUrl;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the resolver answered. Strict: what Authgear would not say (authgear-server {@code
 * pkg/resolver}, {@code pkg/api/model}) is no verdict, since then something else is answering.
 *
 * @param resolver where the answer came from, as a log may show it
 * @param publicOrigin the project's, as a log may show it
 */
record AnswerReader(String resolver, String publicOrigin) {

  private static final Set<IdentityHeader> FLAGS =
      Set.of(USER_ANONYMOUS, USER_VERIFIED, USER_CAN_REAUTHENTICATE);
  private static final Set<IdentityHeader> READ =
      Set.of(
          SESSION_VALID,
          USER_ID,
          USER_ANONYMOUS,
          USER_VERIFIED,
          USER_CAN_REAUTHENTICATE,
          USER_ROLES,
          SESSION_AMR,
          SESSION_AUTHENTICATED_AT);
  private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]{0,17}");

  /** Reads the headers, and at most enough of the body to know whether there is one. */
  ResolverAnswer read(Response response) throws IOException {
    int status = response.code();
    if (status == 200) {
      return verdict(response);
    }
    if (status >= 300 && status < 400) {
      return redirect(response);
    }
    if (status == 404) {
      return ResolverAnswer.unavailable(
          ResolverResult.UNKNOWN_PROJECT,
          resolver
              + " answers 404 for the host of "
              + publicOrigin
              + ": set AUTHGEAR_RESOLVER_URL to the resolver, which listens on a port of its own"
              + " (such as http://authgear-resolver:3001/resolve); only Authgear's SaaS answers at"
              + " the project's own origin. If this is the resolver, no project has this origin:"
              + " check AUTHGEAR_ENDPOINT");
    }
    if (status >= 500 && status < 600) {
      return ResolverAnswer.unavailable(
          ResolverResult.ERROR,
          resolver
              + " answers "
              + status
              + ": Authgear, or a proxy in front of it, has failed; look at its logs");
    }
    return bad("status " + status);
  }

  private ResolverAnswer redirect(Response response) {
    String location = response.header("Location");
    HttpUrl target = location == null ? null : response.request().url().resolve(location);
    String targetOrigin = target == null ? null : LoggedUrl.origin(target);
    boolean elsewhere =
        targetOrigin != null
            && !targetOrigin.equals(publicOrigin)
            && !targetOrigin.equals(LoggedUrl.origin(response.request().url()));
    return ResolverAnswer.unavailable(
        ResolverResult.ORIGIN_MISMATCH,
        elsewhere
            ? "AUTHGEAR_ENDPOINT is "
                + publicOrigin
                + " but the resolver redirects ("
                + response.code()
                + ") to "
                + targetOrigin
                + ": set AUTHGEAR_ENDPOINT to that origin if it is the project's"
            : resolver
                + " redirects ("
                + response.code()
                + "): it takes the request for one to another origin than "
                + publicOrigin
                + " (a proxy in front of it must keep Host, X-Forwarded-Host and"
                + " X-Forwarded-Proto; check AUTHGEAR_ENDPOINT), or it is not the resolver"
                + " (check AUTHGEAR_RESOLVER_URL)");
  }

  private ResolverAnswer verdict(Response response) throws IOException {
    Map<IdentityHeader, String> values = new EnumMap<>(IdentityHeader.class);
    for (IdentityHeader header : READ) {
      List<String> all = response.headers(header.headerName());
      if (all.size() > 1) {
        return bad(header.headerName() + " came " + all.size() + " times");
      }
      if (!all.isEmpty()) {
        values.put(header, all.getFirst());
      }
    }
    List<String> setCookie =
        response.headers("Set-Cookie").stream().filter(HeaderText::isPrintable).toList();
    String valid = values.get(SESSION_VALID);
    if (valid == null) {
      return withoutVerdict(response, values, setCookie);
    }
    return switch (valid) {
      case "true" -> verified(values, setCookie);
      case "false" -> ResolverAnswer.rejected(ResolverResult.INVALID, setCookie);
      default -> bad(SESSION_VALID.headerName() + " is neither true nor false");
    };
  }

  /** Authgear's own answer has no body; a login page or another service's answer has. */
  private ResolverAnswer withoutVerdict(
      Response response, Map<IdentityHeader, String> values, List<String> setCookie)
      throws IOException {
    if (!values.isEmpty()) {
      return bad("other x-authgear headers came without " + SESSION_VALID.headerName());
    }
    if (response.body().contentLength() != 0 && response.body().byteStream().read() >= 0) {
      return bad("a body instead of x-authgear headers");
    }
    return ResolverAnswer.rejected(ResolverResult.ABSENT, setCookie);
  }

  private ResolverAnswer verified(Map<IdentityHeader, String> values, List<String> setCookie) {
    String fault = fault(values);
    if (fault != null) {
      return bad(fault);
    }
    String authenticatedAt = values.get(SESSION_AUTHENTICATED_AT);
    Principal principal =
        new Principal(
            Kind.USER,
            Objects.requireNonNull(values.get(USER_ID)),
            flag(values.get(USER_ANONYMOUS)),
            flag(values.get(USER_VERIFIED)),
            flag(values.get(USER_CAN_REAUTHENTICATE)),
            split(values.get(USER_ROLES), ","),
            split(values.get(SESSION_AMR), " "),
            authenticatedAt == null
                ? OptionalLong.empty()
                : OptionalLong.of(Long.parseLong(authenticatedAt)),
            "",
            List.of(),
            List.of(),
            Map.of(),
            Proof.OPAQUE);
    return ResolverAnswer.verified(principal, setCookie);
  }

  private static @Nullable String fault(Map<IdentityHeader, String> values) {
    String userId = values.get(USER_ID);
    if (userId == null || userId.isEmpty()) {
      return "a valid session without " + USER_ID.headerName();
    }
    if (!HeaderText.isVisible(userId)) {
      return USER_ID.headerName() + " is not visible ASCII";
    }
    for (IdentityHeader header : FLAGS) {
      String value = values.get(header);
      if (value != null && !value.equals("true") && !value.equals("false")) {
        return header.headerName() + " is neither true nor false";
      }
    }
    if (!split(values.get(USER_ROLES), ",").stream().allMatch(HeaderText::isVisible)) {
      return USER_ROLES.headerName() + " holds something that is not visible ASCII";
    }
    if (!split(values.get(SESSION_AMR), " ").stream().allMatch(HeaderText::isVisible)) {
      return SESSION_AMR.headerName() + " holds something that is not visible ASCII";
    }
    String authenticatedAt = values.get(SESSION_AUTHENTICATED_AT);
    if (authenticatedAt != null && !INTEGER.matcher(authenticatedAt).matches()) {
      return SESSION_AUTHENTICATED_AT.headerName() + " is not an integer";
    }
    return null;
  }

  /** Keeps empty parts, so that joining gives the same text; absent or empty is no part at all. */
  private static List<String> split(@Nullable String value, String separator) {
    return value == null || value.isEmpty() ? List.of() : List.of(value.split(separator, -1));
  }

  private static @Nullable Boolean flag(@Nullable String value) {
    return value == null ? null : Boolean.valueOf(value);
  }

  private ResolverAnswer bad(String what) {
    return ResolverAnswer.unavailable(
        ResolverResult.BAD_ANSWER,
        resolver
            + " does not answer as Authgear's resolver does ("
            + what
            + "): check that AUTHGEAR_RESOLVER_URL leads there and that no login page, gateway or"
            + " cache is in between");
  }
}
