package com.authgear.authrequest.sandbox;

import java.util.Locale;
import java.util.stream.Collectors;

/** The page {@code /sandbox}: what this is, whom it knows, what can be asked of it. */
final class LandingPage {

  private LandingPage() {}

  static String of(Sandbox sandbox) {
    String users =
        sandbox.project().users().stream().map(LandingPage::row).collect(Collectors.joining());
    return """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <title>Authgear sandbox</title>
    <h1>Not a real Authgear project</h1>
    <p>A stand-in for one, on this machine, for demos and tests. Whoever reaches it gets credentials
    for the asking; its keys and users are gone when it stops. Origin: <code>$origin</code></p>
    <h2>Users</h2>
    <table>
    <tr><th>name<th>id<th>roles<th>is
    $users</table>
    <h2>As Authgear</h2>
    <pre>
    GET  /.well-known/openid-configuration
    GET  /.well-known/oauth-authorization-server
    GET  /oauth2/jwks
    POST /oauth2/register              (RFC 7591; 10 a minute and address)
    GET  /oauth2/authorize             (response_type=code|none; shows a page to choose the user)
           sandbox_user=alice          (for programs: signs this user in and consents, without a
                                        page; sandbox_refuse=true refuses)
    POST /oauth2/token
    GET  /oauth2/end_session
    </pre>
    <h2>Clients</h2>
    <table>
    <tr><th>id<th>type<th>redirect URIs
    $clients</table>
    <h2>Resources</h2>
    <table>
    <tr><th>URI<th>scopes
    $resources</table>
    <p>The resolver is a server of its own, as Authgear's is: <code>$resolver</code>
    (AUTHGEAR_RESOLVER_URL).</p>
    <h2>Sandbox only</h2>
    <pre>
    GET  /sandbox/token?user=alice&amp;kind=jwt|opaque|m2m|id
           expires_in=-60  audience=...  client_id=...  scope=...  amr=pwd,otp
           auth_time=unix seconds|none  roles=a,b  claims={"name":"value"}   (m2m needs no user;
           amr is in this token only, never in a refreshed one, and the resolver never tells it)
    GET  /sandbox/cookie?user=alice&amp;kind=session|app_session|app_access_token
    POST /sandbox/users/{name}/disable
    POST /sandbox/users/{name}/disable-temporarily?from=60&amp;until=120   (seconds from now)
    POST /sandbox/users/{name}/enable
    POST /sandbox/users/{name}/delete
    POST /sandbox/users/{name}/roles?roles=admin,editor
    POST /sandbox/users/{name}/logout             (the user; also revoke-sessions, an administrator)
    POST /sandbox/users/{name}/anonymize
    POST /sandbox/users/{name}/schedule-deletion  (also unschedule-deletion, and -anonymization)
    POST /sandbox/users/{name}/validity?from=-60&amp;until=60      (seconds from now)
    POST /sandbox/users/{name}/verify?verified=true|false
    POST /sandbox/users/{name}/reset-password
    POST /sandbox/users/{name}/profile?nickname=...
    POST /sandbox/users/{name}/identity?event=identity.email.added (or another event of identities)
    POST /sandbox/users/{name}/promote            (an anonymous user signs up)
    POST /sandbox/users/{name}/create
    POST /sandbox/users/{name}/sign-in            (answers with a token)
    POST /sandbox/authgear?late_verified=true     (a changed "verified" is told five minutes late)
    POST /sandbox/authgear?session_lock_ms=2      (one resolver call at a time for each session, the
                                                   others may get 500; 0 for off, as at the start)
    POST /sandbox/resources?uri=http://127.0.0.1:8000/mcp&amp;scope=mcp:use&amp;scope=mcp:admin
    POST /sandbox/website?redirect_uri=...&amp;post_logout_redirect_uri=...   (of the client sandbox-website)
    POST /sandbox/registrations?per_minute=100
    POST /sandbox/sessions/end         (a token or cookie as the body)
    POST /sandbox/credentials/revoke   (a token or cookie as the body)
    POST /sandbox/keys/rotate
    POST /sandbox/keys/retire
    POST /sandbox/resolver/down        (closes connections; also up)
    POST /sandbox/hooks?url=...&amp;secret=...
    POST /sandbox/hooks/delivery?how=normal|lose|double|hold   delay_ms=...
    POST /sandbox/hooks/release        (those held; also release-reversed)
    POST /sandbox/hooks/replay         (all that were ever sent)
    </pre>
    """
        .replace("$origin", escape(sandbox.origin()))
        .replace("$resolver", escape(sandbox.resolverUrl()))
        .replace("$users", users)
        .replace("$clients", clients(sandbox.authorizationServer()))
        .replace("$resources", resources(sandbox.authorizationServer()));
  }

  private static String clients(AuthorizationServer server) {
    return server.clients().stream()
        .map(
            client ->
                String.format(
                    Locale.ROOT,
                    "<tr><td><code>%s</code><td>%s<td>%s\n",
                    escape(client.id()),
                    client.type().name().toLowerCase(Locale.ROOT),
                    escape(String.join(" ", client.redirectUris()))))
        .collect(Collectors.joining());
  }

  private static String resources(AuthorizationServer server) {
    return server.resources().all().entrySet().stream()
        .map(
            resource ->
                String.format(
                    Locale.ROOT,
                    "<tr><td><code>%s</code><td>%s\n",
                    escape(resource.getKey()),
                    escape(String.join(" ", resource.getValue()))))
        .collect(Collectors.joining());
  }

  private static String row(User user) {
    String is =
        user.status().name().toLowerCase(Locale.ROOT)
            + (user.anonymous() ? ", anonymous" : "")
            + (user.verified() ? ", verified" : ", not verified");
    return "<tr><td>"
        + user.name()
        + "<td><code>"
        + user.id()
        + "</code><td>"
        + String.join(", ", user.roles())
        + "<td>"
        + is
        + "\n";
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }
}
