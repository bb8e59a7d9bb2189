package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.sandbox.oauth.AuthorizationRequest;
import com.authgear.authrequest.sandbox.oauth.Client;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a person sees of the authorization server: login and consent as one page, and logout. */
final class LoginPage {

  private LoginPage() {}

  /**
   * @param current the session that the browser has; null for none
   */
  static String of(
      AuthorizationRequest request,
      Client client,
      String redirectUri,
      @Nullable Session current,
      List<User> users) {
    String resource = request.resource();
    return page(
        "Sign in to " + client.name(),
        String.format(
            Locale.ROOT,
            """
            <p>The client <code>%s</code> asks for <code>%s</code>%s. You will be sent to
            <code>%s</code>.</p>
            <form method="post" action="%s">
            %s
            %s
            <p><button name="sandbox_refuse" value="true">Refuse</button>
            </form>
            """,
            escape(client.id()),
            escape(String.join(" ", request.scope())),
            resource == null ? "" : " at <code>" + escape(resource) + "</code>",
            escape(redirectUri),
            AuthorizationServerRoutes.AUTHORIZE,
            hidden(request.parameters()),
            buttons(request, current, users)));
  }

  private static String buttons(
      AuthorizationRequest request, @Nullable Session current, List<User> users) {
    return users.stream()
        .filter(user -> user.status() == User.Status.ACTIVE)
        .map(
            user -> {
              boolean goesOn =
                  current != null && current.user().equals(user.name()) && !request.asksForLogin();
              return String.format(
                  Locale.ROOT,
                  "<p><button name=\"sandbox_user\" value=\"%s\">%s as %s</button>",
                  escape(user.name()),
                  goesOn ? "Continue" : "Sign in",
                  escape(user.name()));
            })
        .collect(Collectors.joining("\n"));
  }

  /** Asks before a logout. */
  static String logout(Map<String, String> parameters) {
    return page(
        "Log out?",
        String.format(
            Locale.ROOT,
            """
            <form method="post" action="%s">
            %s
            <button>Log out</button>
            </form>
            """,
            AuthorizationServerRoutes.END_SESSION,
            hidden(parameters)));
  }

  /** The answer as a form that sends itself (OAuth 2.0 Form Post Response Mode). */
  static String formPost(String redirectUri, Map<String, String> answer) {
    return page(
        "Continue",
        String.format(
            Locale.ROOT,
            """
            <form method="post" action="%s">
            %s
            <button>Continue</button>
            </form>
            <script>document.forms[0].submit();</script>
            """,
            escape(redirectUri),
            hidden(answer)));
  }

  private static String hidden(Map<String, String> parameters) {
    return parameters.entrySet().stream()
        .filter(parameter -> !parameter.getKey().startsWith("sandbox_"))
        .map(
            parameter ->
                String.format(
                    Locale.ROOT,
                    "<input type=\"hidden\" name=\"%s\" value=\"%s\">",
                    escape(parameter.getKey()),
                    escape(parameter.getValue())))
        .collect(Collectors.joining("\n"));
  }

  private static String page(String title, String body) {
    return String.format(
        Locale.ROOT,
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>%s</title>
        <p>Not a real Authgear project: no password is asked for.</p>
        <h1>%s</h1>
        %s\
        """,
        escape(title),
        escape(title),
        body);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
