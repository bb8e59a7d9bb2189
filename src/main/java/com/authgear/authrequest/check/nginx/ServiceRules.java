package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The location that asks the service. */
final class ServiceRules {
  /** What the answer's headers take beside the identity headers: status, challenge, a cookie. */
  private static final int OTHER_HEADERS = 1024;

  private static final long DEFAULT_BUFFER = 4096;

  /** Errors that nginx makes itself, even where the service's own answers pass as they are. */
  private static final Set<Integer> NGINX_ERRORS =
      Set.of(400, 408, 413, 414, 429, 494, 500, 501, 502, 503, 504, 507);

  private final Level http;
  private final Variables variables;
  private final Expected expected;
  private final Findings findings;

  ServiceRules(Level http, Variables variables, Expected expected, Findings findings) {
    this.http = http;
    this.variables = variables;
    this.expected = expected;
    this.findings = findings;
  }

  /**
   * @param path what auth_request asks
   * @param askers the locations that ask it
   */
  void check(Level service, String path, List<Level> askers) {
    List<Pass> passes =
        Pass.of(service).stream().filter(pass -> pass.protocol() == Pass.Protocol.PROXY).toList();
    checkQuery(path, askers);
    checkInternal(service);
    checkRewrites(service, path);
    checkErrors(service);
    for (Pass pass : passes) {
      checkBody(pass);
      checkKeepalive(pass);
      checkAddress(pass);
      checkTls(pass);
      checkRequirement(pass, askers);
      checkForwardedFor(pass);
    }
    checkBuffer(service);
  }

  private void checkQuery(String path, List<Level> askers) {
    if (path.indexOf('?') >= 0) {
      for (Level asker : askers) {
        findings.add(
            Hazard.REQUIREMENT_AS_QUERY,
            asker.inForce("auth_request").getFirst().place(),
            asker,
            "auth_request takes no query: the question mark becomes part of the path, the service"
                + " does not know it, and every request gets 500.",
            "Name a policy: AUTHGEAR_POLICY_<NAME> and auth_request /_authgear/auth/<name>;");
      }
    }
  }

  private void checkInternal(Level service) {
    if (service.inForce("internal").isEmpty()) {
      findings.add(
          Hazard.NOT_INTERNAL,
          service,
          "Clients can ask the service directly, with a path and query of their own.",
          "internal;");
    }
  }

  /** nginx runs the server's rewrite directives for the subrequest, too. */
  private void checkRewrites(Level service, String path) {
    for (Directive rewrite : service.server().ownAndConditional("rewrite")) {
      if (Patterns.finds(rewrite.argument(0), false, path)) {
        reportRewrite(service, rewrite, path);
      }
    }
    service.ownAndConditional("rewrite").forEach(rewrite -> reportRewrite(service, rewrite, path));
  }

  private void reportRewrite(Level service, Directive rewrite, String path) {
    findings.add(
        Hazard.REWRITTEN,
        rewrite.place(),
        service,
        "This rewrite also changes "
            + path
            + ", the path by which nginx asks the service: another location may answer, and its 200"
            + " is a yes.",
        "Move the rewrite into the locations that need it, or keep this path out of it.");
  }

  private void checkErrors(Level service) {
    boolean intercepted = service.isOn("proxy_intercept_errors", false);
    if (intercepted) {
      findings.add(
          Hazard.ERRORS_INTERCEPTED,
          service.inForce("proxy_intercept_errors").getFirst().place(),
          service,
          "Error pages take the place of the service's 401 and 403, and of their challenge.",
          "proxy_intercept_errors off;");
    }
    for (Directive page : service.inForce("error_page")) {
      ErrorPage error = new ErrorPage(page);
      boolean happens =
          error.codes().stream()
              .anyMatch(
                  code ->
                      NGINX_ERRORS.contains(code) || (intercepted && code >= 300 && code < 599));
      if (happens && error.mayBecomeSuccess()) {
        findings.add(
            Hazard.DENIAL_BECOMES_SUCCESS,
            page.place(),
            service,
            "When the service refuses or cannot be reached, this page's status is the verdict: with"
                + " 200, everyone is let in.",
            "In the location that asks the service, keep inherited pages out: error_page 599 =500"
                + " /;");
      }
    }
  }

  private void checkBody(Pass pass) {
    Level service = pass.location();
    boolean body = service.isOn("proxy_pass_request_body", true);
    boolean length = !pass.value("content-length").equals(Optional.of(""));
    if (body || length) {
      List<String> missing = new ArrayList<>();
      if (body) {
        missing.add("proxy_pass_request_body off;");
      }
      if (length) {
        missing.add("proxy_set_header Content-Length \"\";");
      }
      findings.add(
          Hazard.BODY_PASSED,
          pass.directive().place(),
          service,
          "The service is told of a request body that it does not read: uploads hang or are"
              + " refused.",
          String.join("\n", missing));
    }
  }

  private void checkKeepalive(Pass pass) {
    Level service = pass.location();
    List<String> missing = new ArrayList<>();
    Optional<Directive> upstream =
        http.block()
            .children("upstream")
            .filter(block -> block.argument(0).equalsIgnoreCase(pass.target()))
            .findFirst();
    if (upstream.isEmpty()) {
      missing.add("an upstream block for " + pass.target() + " with \"keepalive 32;\"");
    } else if (upstream
        .get()
        .children("keepalive")
        .allMatch(line -> line.argument(0).equals("0"))) {
      missing.add("\"keepalive 32;\" in upstream " + pass.target());
    }
    if (service.value("proxy_http_version").filter(version -> !version.equals("1.0")).isEmpty()) {
      missing.add("\"proxy_http_version 1.1;\"");
    }
    if (!pass.value("connection").equals(Optional.of(""))) {
      missing.add("'proxy_set_header Connection \"\";'");
    }
    if (!missing.isEmpty()) {
      findings.add(
          Hazard.NO_KEEPALIVE,
          pass.directive().place(),
          service,
          "Every request pays a new connection to the service, unless this nginx is 1.29.7 or"
              + " later, which keeps connections by itself; its output does not say.",
          "Add " + String.join(" and ", missing) + ".");
    }
  }

  private void checkAddress(Pass pass) {
    String url = pass.directive().argument(0);
    if (Variables.withConstants(url, pass.location()).endsWith("/_resolver/resolve")) {
      findings.add(
          Hazard.RESOLVER_ASKED,
          pass.directive().place(),
          pass.location(),
          "Authgear's resolver answers 200 to everyone, logged in or not; nginx takes that for a"
              + " yes.",
          "Ask authgear-auth-request instead: proxy_pass http://authgear_auth/auth;");
    }
    int scheme = url.indexOf("://");
    int path = url.indexOf('/', scheme < 0 ? 0 : scheme + 3);
    String address = path < 0 ? url : url.substring(0, path);
    if (!Variables.in(address).isEmpty()) {
      findings.add(
          Hazard.VARIABLE_ADDRESS,
          pass.directive().place(),
          pass.location(),
          "The service's address is a variable: nginx resolves it while requests wait, and whatever"
              + " else sets the variable chooses who says yes.",
          "Name an upstream block: proxy_pass http://authgear_auth/auth;");
    }
  }

  private void checkTls(Pass pass) {
    Level service = pass.location();
    if (pass.directive().argument(0).startsWith("https://")
        && !service.isOn("proxy_ssl_verify", false)) {
      findings.add(
          Hazard.TLS_UNVERIFIED,
          pass.directive().place(),
          service,
          "nginx believes any certificate: whoever gets between it and the service reads the"
              + " credentials, and says yes for it.",
          "proxy_ssl_verify on;\nproxy_ssl_trusted_certificate <ca.crt>;\nproxy_ssl_name <name in"
              + " the certificate>;");
    }
  }

  private void checkRequirement(Pass pass, List<Level> askers) {
    Level service = pass.location();
    String url = pass.directive().argument(0);
    Set<String> fromClient = new TreeSet<>();
    variables.behind(url, service).stream()
        .filter(Variables::isFromClient)
        .forEach(name -> fromClient.add("$" + name));
    if (!fromClient.isEmpty()) {
      findings.add(
          Hazard.REQUIREMENT_FROM_CLIENT,
          pass.directive().place(),
          service,
          "What the service requires depends on "
              + String.join(", ", fromClient)
              + ", which the client writes: it can ask for less.",
          "Write the requirement here, or name a policy: proxy_pass"
              + " http://authgear_auth/auth/<name>;");
      return;
    }
    for (String name : Variables.in(url)) {
      checkVariable(pass, name, askers);
    }
  }

  /**
   * A subrequest shares the variables of its request, but runs the server's {@code set} once more,
   * and a nested location does not run those of the location around it.
   */
  private void checkVariable(Pass pass, String name, List<Level> askers) {
    Level service = pass.location();
    if (Variables.sets(service, name).findAny().isEmpty()) {
      if (!variables.isMapped(name) && !isOfNginx(name)) {
        findings.add(
            Hazard.REQUIREMENT_NEVER_SET,
            pass.directive().place(),
            service,
            "$" + name + " is set nowhere in this server: nothing is required.",
            "In each location that requires something: set $" + name + " \"role=admin\";");
      }
      return;
    }
    List<Directive> late = new ArrayList<>(setsOf(service.server(), name));
    late.addAll(setsOf(service, name));
    boolean setByAsker =
        service
            .server()
            .allLocations()
            .anyMatch(level -> !level.equals(service) && !setsOf(level, name).isEmpty());
    if (!setByAsker) {
      return;
    }
    for (Directive set : late) {
      findings.add(
          Hazard.REQUIREMENT_ERASED,
          set.place(),
          service,
          "nginx runs this line again when it asks the service, and so overwrites the $"
              + name
              + " of every location.",
          "Remove the line; set $" + name + " only in the locations that require something.");
    }
    for (Level asker : askers) {
      Level around = asker.parent();
      while (around != null && around.isLocation() && setsOf(around, name).isEmpty()) {
        around = around.parent();
      }
      if (setsOf(asker, name).isEmpty() && around != null && around.isLocation()) {
        findings.add(
            Hazard.REQUIREMENT_NOT_INHERITED,
            asker,
            "The set $"
                + name
                + " of "
                + setsOf(around, name).getFirst().place()
                + " does not act in a nested location: here nothing is required.",
            "Repeat it here: set $"
                + name
                + " \""
                + setsOf(around, name).getFirst().argument(1)
                + "\";");
      }
    }
  }

  private static List<Directive> setsOf(Level level, String name) {
    return level.ownAndConditional("set").stream()
        .filter(set -> set.argument(0).equals("$" + name))
        .toList();
  }

  /** Variables that nginx fills by itself and no client chooses. */
  private static boolean isOfNginx(String name) {
    return Set.of("uri", "document_uri", "request_method", "scheme", "server_name", "is_args")
        .contains(name);
  }

  private void checkForwardedFor(Pass pass) {
    Optional<Directive> line = pass.setters("x-forwarded-for").stream().findFirst();
    boolean appended =
        line.stream()
            .flatMap(set -> variables.behind(set.argument(1), pass.location()).stream())
            .anyMatch(Variables::isFromClient);
    if (line.isEmpty() || appended) {
      findings.add(
          Hazard.FORWARDED_FOR_FROM_CLIENT,
          line.orElse(pass.directive()).place(),
          pass.location(),
          "Authgear records where a session is used from, and believes the first address in"
              + " X-Forwarded-For, which the client wrote.",
          "proxy_set_header X-Forwarded-For $remote_addr;");
    }
  }

  private void checkBuffer(Level service) {
    Optional<Directive> line = service.inForce("proxy_buffer_size").stream().findFirst();
    long size = line.map(set -> Sizes.bytes(set.argument(0))).orElse(DEFAULT_BUFFER);
    if (size < (long) expected.headerBudget() + OTHER_HEADERS) {
      findings.add(
          Hazard.HEADER_BUFFER_SMALL,
          line.orElse(service.block()).place(),
          service,
          "The service's headers may take "
              + expected.headerBudget()
              + " bytes (AUTHGEAR_HEADER_BUDGET) and 1 KiB more; what does not fit into "
              + size
              + " bytes is \"upstream sent too big header\", a 500 for the client.",
          "proxy_buffer_size "
              + Math.ceilDiv(expected.headerBudget() + OTHER_HEADERS, 4096) * 4
              + "k;");
    }
  }
}
