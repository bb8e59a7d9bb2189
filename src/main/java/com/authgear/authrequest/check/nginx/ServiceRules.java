package com.authgear.authrequest.check.nginx;

import com.authgear.authrequest.check.nginx.RequestWalk.Arrival;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The location that asks the service. */
final class ServiceRules {
  /**
   * What the answer's headers take in addition to the identity headers: status, challenge, a
   * cookie.
   */
  private static final int OTHER_HEADERS = 1024;

  private static final long DEFAULT_BUFFER = 4096;

  /** Errors that nginx makes itself, even where the service's own answers pass as they are. */
  private static final Set<Integer> NGINX_ERRORS =
      Set.of(400, 408, 413, 414, 429, 494, 500, 501, 502, 503, 504, 507);

  private final NginxModel model;
  private final Block http;
  private final Variables variables;
  private final Expected expected;
  private final Findings findings;

  ServiceRules(NginxModel model, Expected expected, Findings findings) {
    this.model = model;
    this.http = model.http();
    this.variables = model.variables();
    this.expected = expected;
    this.findings = findings;
  }

  void check() {
    model.questions().forEach(this::check);
  }

  private void check(NginxModel.AuthRequest question, List<Block> askers) {
    checkQuery(question.path(), askers);
    boolean answered = false;
    for (Arrival arrival : model.answers(question)) {
      answered = true;
      if (model.isService(arrival, question.path())) {
        checkResolver(arrival);
        check(arrival.place(), askers);
      } else {
        reportNotAsked(arrival, question.path(), askers);
      }
    }
    if (model.mayBeAnsweredByReturn(question)) {
      answered = true;
      reportNotAsked(question.path(), askers);
    }
    if (!answered && model.services().isEmpty() && isMissing(question)) {
      reportNotAsked(question.path(), askers);
    }
  }

  /** Nothing was made for the question, and all that catches it refuses; so everyone is refused. */
  private static boolean isMissing(NginxModel.AuthRequest question) {
    return question.server().find(question.path()).isEmpty();
  }

  private void reportNotAsked(Arrival arrival, String path, List<Block> askers) {
    Optional<Directive> rewrite =
        arrival.trail().stream().filter(line -> line.name().equals("rewrite")).findFirst();
    if (rewrite.isPresent()) {
      reportRewrite(arrival.place(), rewrite.get(), path);
    } else {
      reportNotAsked(path, askers);
    }
  }

  private void reportNotAsked(String path, List<Block> askers) {
    for (Block asker : askers) {
      findings.add(
          Hazard.SERVICE_NOT_ASKED,
          asker.inForce("auth_request").getFirst().place(),
          asker,
          "No location of this server asks the service for "
              + path
              + "; another one answers instead, and its 200 is a yes.",
          "include authgear/server.conf in this server.");
    }
  }

  /**
   * @param askers the locations that ask it
   */
  private void check(Block service, List<Block> askers) {
    List<BackendPass> passes =
        BackendPass.of(service).stream()
            .filter(pass -> pass.protocol() == BackendPass.Protocol.PROXY)
            .toList();
    checkInternal(service);
    checkErrors(service);
    for (BackendPass pass : passes) {
      checkBody(pass);
      checkKeepalive(pass);
      checkAddress(pass);
      checkTls(pass);
      checkRequirement(pass, askers);
      checkForwardedFor(pass);
    }
    checkBuffer(service);
  }

  private void checkQuery(String path, List<Block> askers) {
    if (path.indexOf('?') >= 0) {
      for (Block asker : askers) {
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

  private void checkInternal(Block service) {
    if (service.inForce("internal").isEmpty()) {
      findings.add(
          Hazard.NOT_INTERNAL,
          service,
          "Clients can ask the service directly, with a path and query of their own.",
          "internal;");
    }
  }

  private void reportRewrite(Block service, Directive rewrite, String path) {
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

  private void checkErrors(Block service) {
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

  private void checkBody(BackendPass pass) {
    Block service = pass.location();
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

  private void checkKeepalive(BackendPass pass) {
    Block service = pass.location();
    String address =
        BackendPass.addressOf(Variables.withConstants(pass.directive().argument(0), service));
    String target = address.substring(address.indexOf("://") < 0 ? 0 : address.indexOf("://") + 3);
    List<String> missing = new ArrayList<>();
    Optional<Directive> upstream =
        http.directive()
            .children("upstream")
            .filter(block -> block.argument(0).equalsIgnoreCase(target))
            .findFirst();
    if (upstream.isEmpty()) {
      missing.add("an upstream block for " + target + " with \"keepalive 32;\"");
    } else if (upstream
        .get()
        .children("keepalive")
        .allMatch(line -> line.argument(0).equals("0"))) {
      missing.add("\"keepalive 32;\" in upstream " + target);
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

  /**
   * Authgear's resolver, by the paths that it has: /resolve and /_resolver/resolve. No policy of
   * the service is there.
   */
  private void checkResolver(Arrival arrival) {
    String sent = BackendPass.pathOf(arrival.sent());
    int end = sent.indexOf('?');
    @Nullable String path = RequestTarget.path(end < 0 ? sent : sent.substring(0, end));
    boolean resolver =
        path != null && path.matches("(?:.*/)?resolve/?") && !path.matches("/auth/resolve/?");
    Optional<BackendPass> pass = arrival.pass();
    if (resolver && pass.isPresent()) {
      findings.add(
          Hazard.RESOLVER_ASKED,
          pass.get().directive().place(),
          pass.get().location(),
          "Authgear's resolver answers 200 to everyone, logged in or not; nginx takes that for a"
              + " yes. Authgear's own documented example is written so.",
          "Ask authgear-auth-request instead: proxy_pass http://authgear_auth/auth;");
    }
  }

  private void checkAddress(BackendPass pass) {
    String url = pass.directive().argument(0);
    if (!Variables.in(BackendPass.addressOf(url)).isEmpty()) {
      findings.add(
          Hazard.VARIABLE_ADDRESS,
          pass.directive().place(),
          pass.location(),
          "The service's address is a variable: nginx resolves it while requests wait, and whatever"
              + " else sets the variable chooses who says yes.",
          "Name an upstream block: proxy_pass http://authgear_auth/auth;");
    }
  }

  private void checkTls(BackendPass pass) {
    Block service = pass.location();
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

  private void checkRequirement(BackendPass pass, List<Block> askers) {
    Block service = pass.location();
    String url = pass.directive().argument(0);
    Set<String> fromClient = new TreeSet<>();
    variables.behind(url, service).stream()
        .filter(Variables::isFromClient)
        .filter(name -> !isOfQuestion(name, service))
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
      if (isOfQuestion(name, service)) {
        continue;
      }
      checkVariable(pass, name, askers);
    }
  }

  /** What the location's expression finds in the question's own path. */
  private static boolean isOfQuestion(String name, Block service) {
    boolean group = name.matches("\\d") || (service.isRegex() && service.path().contains(name));
    return group
        && (service.isRegex() || !service.own("rewrite").isEmpty())
        && service.own("if").isEmpty();
  }

  /**
   * A subrequest shares the variables of its request, but runs the server's {@code set} once more,
   * and a nested location does not run those of the location around it.
   */
  private void checkVariable(BackendPass pass, String name, List<Block> askers) {
    Block service = pass.location();
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
            .anyMatch(block -> !block.equals(service) && !setsOf(block, name).isEmpty());
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
    for (Block asker : askers) {
      Block around = asker.parent();
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

  private static List<Directive> setsOf(Block block, String name) {
    return block.ownAndConditional("set").stream()
        .filter(set -> set.argument(0).equals("$" + name))
        .toList();
  }

  /** Variables that nginx fills by itself and no client chooses. */
  private static boolean isOfNginx(String name) {
    return Set.of("uri", "document_uri", "request_method", "scheme", "server_name", "is_args")
        .contains(name);
  }

  private void checkForwardedFor(BackendPass pass) {
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

  private void checkBuffer(Block service) {
    Optional<Directive> line = service.inForce("proxy_buffer_size").stream().findFirst();
    long size = line.map(set -> Sizes.bytes(set.argument(0))).orElse(DEFAULT_BUFFER);
    if (size < (long) expected.headerBudget() + OTHER_HEADERS) {
      findings.add(
          Hazard.HEADER_BUFFER_SMALL,
          line.orElse(service.directive()).place(),
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
