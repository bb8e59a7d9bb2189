package com.authgear.authrequest.check.nginx;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Redirects to a login, and back from it, into which a client can write. What a {@code map} makes
 * is taken for sound: a map can hold a value to an expression, as {@code login.conf} does.
 */
final class LoginRules {
  private static final Pattern REDIRECTS = Pattern.compile("30[12378]");
  private static final Pattern ELSEWHERE = Pattern.compile("(?:https?:|//|\\$).*");

  /** What names this site's own address, and is no parameter. */
  private static final Pattern ADDRESS = Pattern.compile("host|http_host|http_x_forwarded_\\w+");

  private static final int MOST_NESTED = 5;

  private final NginxModel model;
  private final Findings findings;
  private final Set<Block> seen = new HashSet<>();

  LoginRules(NginxModel model, Findings findings) {
    this.model = model;
    this.findings = findings;
  }

  void check() {
    for (Block location : model.locations()) {
      if (model.isProtected(location) && !location.alwaysReturns()) {
        for (Directive line : location.inForce("error_page")) {
          checkLogin(location, line);
        }
        if (seen.add(location.server())) {
          location.server().allLocations().forEach(this::checkWayBack);
        }
      }
    }
  }

  private void checkLogin(Block location, Directive line) {
    ErrorPage page = new ErrorPage(line);
    if (!page.codes().contains(401)) {
      return;
    }
    if (ELSEWHERE.matcher(page.path()).matches()) {
      checkParameters(line, page.path(), location);
      return;
    }
    Optional<Block> login = page.target(location.server());
    if (login.isPresent()) {
      redirects(login.get())
          .forEach(redirect -> checkParameters(redirect, target(redirect), login.get()));
    }
  }

  /** The {@code return} and {@code rewrite} lines that send the browser elsewhere. */
  private static Stream<Directive> redirects(Block login) {
    return Stream.concat(
        login.ownAndConditional("return").stream()
            .filter(
                line ->
                    line.arguments().size() == 1
                        ? ELSEWHERE.matcher(line.argument(0)).matches()
                        : REDIRECTS.matcher(line.argument(0)).matches()),
        login.ownAndConditional("rewrite").stream()
            .filter(
                line ->
                    Set.of("redirect", "permanent").contains(line.argument(2))
                        || ELSEWHERE.matcher(line.argument(1)).matches()));
  }

  private static String target(Directive redirect) {
    return redirect.name().equals("rewrite")
        ? redirect.argument(1)
        : redirect.arguments().getLast();
  }

  private void checkParameters(Directive line, String target, Block block) {
    for (String text : spelledOut(target, block)) {
      Optional<String> chosen = beginning(text).filter(LoginRules::isWritten);
      if (chosen.isPresent()) {
        report(
            line,
            block,
            "The login is wherever $" + chosen.get() + " says, which a client writes.");
        return;
      }
      int question = text.indexOf('?');
      Optional<String> parameter =
          question < 0
              ? Optional.empty()
              : Variables.in(text.substring(question)).stream()
                  // nginx leaves its escapes, so it has no "&".
                  .filter(name -> isWritten(name) && !name.startsWith("arg_"))
                  .findFirst();
      if (parameter.isPresent()) {
        report(
            line,
            block,
            "$"
                + parameter.get()
                + " is not encoded: a link such as /page?x&prompt=none or &client_id=... adds"
                + " parameters to the login.");
        return;
      }
    }
  }

  /** {@code return 302 $arg_next}, wherever it stands. */
  private void checkWayBack(Block location) {
    redirects(location)
        .filter(line -> line.name().equals("return"))
        .forEach(
            line ->
                spelledOut(target(line), location).stream()
                    .flatMap(text -> beginning(text).stream())
                    .filter(name -> name.matches("(?:arg|cookie|http)_\\w+") && isWritten(name))
                    .findFirst()
                    .ifPresent(
                        name ->
                            report(
                                line,
                                location,
                                "$" + name + " may be https://evil.example or //evil.example.")));
  }

  private void report(Directive line, Block block, String why) {
    findings.add(
        Hazard.LOGIN_REDIRECT_FROM_CLIENT,
        line.place(),
        block,
        why,
        "include authgear/login.conf; it keeps the way back in a cookie and holds it to a path of"
            + " this site.");
  }

  private static boolean isWritten(String name) {
    return (Variables.isFromClient(name) || name.equals("uri") || name.equals("document_uri"))
        && !ADDRESS.matcher(name).matches();
  }

  private static Optional<String> beginning(String text) {
    return text.startsWith("$") ? Variables.in(text).stream().findFirst() : Optional.empty();
  }

  /** The text with what {@code set} lines of the server put into its variables. */
  private static Set<String> spelledOut(String text, Block block) {
    Set<String> texts = new LinkedHashSet<>(Set.of(text));
    for (int round = 0; round < MOST_NESTED; round++) {
      Set<String> next = new LinkedHashSet<>();
      for (String one : texts) {
        Optional<String> set =
            Variables.in(one).stream()
                .filter(name -> Variables.sets(block, name).findAny().isPresent())
                .findFirst();
        if (set.isEmpty()) {
          next.add(one);
          continue;
        }
        List<String> values =
            Variables.sets(block, set.get()).map(line -> line.argument(1)).distinct().toList();
        for (String value : values) {
          next.add(
              one.replaceAll(
                  "\\$(?:\\{" + set.get() + "}|" + set.get() + "(?!\\w))",
                  Matcher.quoteReplacement(value)));
        }
      }
      texts = next;
    }
    return texts;
  }
}
