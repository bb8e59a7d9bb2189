package com.authgear.authrequest.check.nginx;

import com.authgear.authrequest.check.nginx.BackendPass.Protocol;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Protected locations whose answers are streams: servers of MCP (Streamable HTTP) and others that
 * send events. They are known by their names: a path, a backend or a server called {@code mcp} or
 * {@code sse}, a header of MCP that is passed on, {@code text/event-stream} in a directive. Where
 * MCP's headers choose what is required, the choice must be one that a client cannot get around.
 */
final class StreamRules {
  private static final Pattern NAME =
      Pattern.compile("(?i)mcp|(?<![a-z])sse(?![a-z])|event-?stream");

  private static final String VERSION = "http_mcp_protocol_version";
  private static final String METHOD = "http_mcp_method";
  private static final String TOOL = "http_mcp_name";

  /** What a choice must look at, together. */
  private static final List<String> CHOOSING = List.of(VERSION, METHOD, TOOL);

  private static final Set<String> HEADERS =
      Set.of("mcp-protocol-version", "mcp-method", "mcp-name");

  /** Hours may lie between two events. */
  private static final long LONGEST_SILENCE = 3600;

  /** How long a client or a server may take for its next bytes: nginx's own default. */
  private static final long SLOW = 60;

  private final NginxModel model;
  private final Variables variables;
  private final Findings findings;

  StreamRules(NginxModel model, Findings findings) {
    this.model = model;
    this.variables = model.variables();
    this.findings = findings;
  }

  void check() {
    Set<Block> choosingServers = checkChoices();
    for (Block location : streams()) {
      for (BackendPass pass : BackendPass.of(location)) {
        checkBuffering(pass);
        checkTimes(pass);
        checkConnection(pass);
        checkRequestBuffering(pass);
        if (choosingServers.contains(location.server())) {
          checkHeaders(pass);
        }
      }
    }
  }

  // ---- Which locations

  private Set<Block> streams() {
    List<Block> guarded =
        model.locations().stream()
            .filter(location -> model.isProtected(location) && !location.alwaysReturns())
            .filter(location -> !BackendPass.of(location).isEmpty())
            .toList();
    Set<Block> streams =
        guarded.stream()
            .filter(this::isNamedSo)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    Set<Block> servers = streams.stream().map(Block::server).collect(Collectors.toSet());
    for (Block location : guarded) {
      if (!servers.contains(location.server()) && isServerNamedSo(location.server())) {
        streams.add(location);
      }
    }
    return streams;
  }

  private boolean isNamedSo(Block location) {
    if (location.isLocation() && NAME.matcher(location.path()).find()) {
      return true;
    }
    if (location.directive().children().stream().anyMatch(StreamRules::namesEvents)) {
      return true;
    }
    return BackendPass.of(location).stream()
        .anyMatch(
            pass ->
                pass.setters().stream()
                        .anyMatch(line -> HEADERS.contains(pass.protocol().header(line)))
                    || variables.possible(pass.directive().argument(0), location).stream()
                        .anyMatch(url -> NAME.matcher(url).find()));
  }

  /** Such as {@code default_type text/event-stream}; gzip_types is about what others may send. */
  private static boolean namesEvents(Directive line) {
    return !line.name().endsWith("_types")
        && line.arguments().stream().anyMatch(argument -> argument.contains("text/event-stream"));
  }

  private static boolean isServerNamedSo(Block server) {
    return server.own("server_name").stream()
        .flatMap(line -> line.arguments().stream())
        .anyMatch(name -> NAME.matcher(name).find());
  }

  // ---- Streams

  private void checkBuffering(BackendPass pass) {
    Block location = pass.location();
    Protocol protocol = pass.protocol();
    String buffering = protocol.named("buffering");
    if (protocol != Protocol.GRPC && location.isOn(buffering, true)) {
      findings.add(
          Hazard.STREAM_BUFFERED,
          place(location, buffering, pass),
          location,
          "nginx keeps events until a buffer is full, unless the server sends \"X-Accel-Buffering:"
              + " no\" with its answer: a client that waits for an event waits in vain.",
          buffering + " off;");
    } else if (location.isOn("gzip", false)
        && location.inForce("gzip_types").stream()
            .flatMap(line -> line.arguments().stream())
            .anyMatch(type -> type.equals("*") || type.equalsIgnoreCase("text/event-stream"))) {
      findings.add(
          Hazard.STREAM_BUFFERED,
          location.inForce("gzip_types").getFirst().place(),
          location,
          "nginx compresses events, and keeps them until there is enough to compress.",
          "gzip off;");
    }
  }

  private void checkTimes(BackendPass pass) {
    Block location = pass.location();
    String read = pass.protocol().named("read_timeout");
    long silence = location.value(read).map(Times::seconds).orElse(SLOW);
    if (silence < LONGEST_SILENCE) {
      findings.add(
          Hazard.STREAM_CUT_OFF,
          place(location, read, pass),
          location,
          "nginx ends a stream in which the server says nothing for "
              + silence
              + " s; what the client asked for is lost then.",
          read + " 6h;");
    }
    for (String name : List.of(pass.protocol().named("send_timeout"), "send_timeout")) {
      long slowest = location.value(name).map(Times::seconds).orElse(SLOW);
      if (slowest < SLOW) {
        findings.add(
            Hazard.STREAM_CUT_OFF,
            place(location, name, pass),
            location,
            "nginx hangs up when "
                + (name.equals("send_timeout") ? "a client" : "the server")
                + " takes nothing for "
                + slowest
                + " s, as a slow connection may.",
            name + (name.equals("send_timeout") ? " 60s;" : " 6h;"));
      }
    }
  }

  private void checkConnection(BackendPass pass) {
    if (pass.protocol() != Protocol.PROXY) {
      return;
    }
    Block location = pass.location();
    List<String> fixes = new ArrayList<>();
    Set<String> why = new LinkedHashSet<>();
    SourceLine place = pass.directive().place();
    String version = location.value("proxy_http_version").orElse("1.0");
    if (version.equals("1.0")) {
      place = place(location, "proxy_http_version", pass);
      why.add(
          "With HTTP/1.0, the default before nginx 1.29.7, the end of a stream looks like one that"
              + " broke.");
      fixes.add("proxy_http_version 1.1;");
    }
    Optional<Directive> connection = pass.setters("connection").stream().findFirst();
    String value = connection.map(line -> line.argument(1)).orElse("close");
    if (!value.isEmpty() && Variables.in(value).isEmpty()) {
      place = connection.map(Directive::place).orElse(place);
      why.add(
          connection.isPresent()
              ? "\"Connection: " + value + "\" goes to the server with every request."
              : "nginx tells the server to hang up after each answer.");
      fixes.add(besideOthers(pass, "proxy_set_header Connection \"\";"));
    }
    if (!why.isEmpty()) {
      findings.add(
          Hazard.STREAM_CONNECTION,
          place,
          location,
          String.join(" ", why),
          String.join("\n", fixes));
    }
  }

  private void checkRequestBuffering(BackendPass pass) {
    String buffering = pass.protocol().named("request_buffering");
    if (pass.protocol() != Protocol.GRPC && pass.location().isOn(buffering, true)) {
      findings.add(
          Hazard.STREAM_REQUEST_BUFFERED,
          place(pass.location(), buffering, pass),
          pass.location(),
          "A long POST reaches the server only when nginx has all of it, on disk if it is larger"
              + " than client_body_buffer_size.",
          buffering + " off;");
    }
  }

  private static SourceLine place(Block location, String name, BackendPass pass) {
    return location.inForce(name).stream()
        .findFirst()
        .map(Directive::place)
        .orElse(pass.directive().place());
  }

  // ---- Scopes per tool

  /** Looks at each choice by MCP's headers, and gives the servers in which there is one. */
  private Set<Block> checkChoices() {
    Set<Block> servers = new HashSet<>();
    Set<String> looked = new HashSet<>();
    for (Block server : model.http().servers()) {
      for (Block block : Stream.concat(Stream.of(server), server.allLocations()).toList()) {
        List<Directive> choosing =
            Stream.of("if", "set", "proxy_pass", "rewrite", "return", "try_files")
                .flatMap(name -> block.ownAndConditional(name).stream())
                .filter(line -> !mcpHeaders(texts(line), block).isEmpty())
                .toList();
        if (choosing.isEmpty()) {
          continue;
        }
        servers.add(server);
        Set<String> covered = new HashSet<>();
        choosing.forEach(line -> covered.addAll(mcpHeaders(texts(line), block)));
        List<String> missing = CHOOSING.stream().filter(name -> !covered.contains(name)).toList();
        if (covered.contains(METHOD) || covered.contains(TOOL)) {
          if (!missing.isEmpty()) {
            reportMissing(choosing.getFirst(), block, missing);
          }
          for (Directive line : choosing) {
            checkMaps(variables.behind(texts(line), block), block, looked);
          }
        }
      }
    }
    return servers;
  }

  private static String texts(Directive line) {
    return String.join(" ", line.arguments());
  }

  private Set<String> mcpHeaders(String text, Block block) {
    return variables.behind(text, block).stream()
        .filter(CHOOSING::contains)
        .collect(Collectors.toSet());
  }

  private void reportMissing(Directive line, Block block, List<String> missing) {
    findings.add(
        Hazard.MCP_LIST_INCOMPLETE,
        line.place(),
        block,
        "The choice does not look at "
            + missing.stream().map(name -> "$" + name).collect(Collectors.joining(", "))
            + ". Servers compare these headers with a request's body in version 2026-07-28 only,"
            + " and a name means nothing without its method: a client calls one tool by the header"
            + " of another.",
        """
        map "$http_mcp_protocol_version|$http_mcp_method|$http_mcp_name" $tools_policy {
            default "";
            "~^2026-07-28\\|tools/call\\|(?:search|get_page)$" read;
        }\
        """);
  }

  /** An expression in a list that has an open end lists more than it says. */
  private void checkMaps(Set<String> behind, Block block, Set<String> looked) {
    for (Directive map : model.http().own("map")) {
      String variable = map.argument(1).startsWith("$") ? map.argument(1).substring(1) : "";
      if (!behind.contains(variable)
          || Variables.in(map.argument(0)).stream().noneMatch(CHOOSING::contains)
          || !looked.add(variable)) {
        continue;
      }
      for (Directive entry : map.children()) {
        String key = entry.name();
        if (key.startsWith("~") && !isWhole(key.substring(key.startsWith("~*") ? 2 : 1))) {
          findings.add(
              Hazard.MCP_LIST_INCOMPLETE,
              entry.place(),
              block,
              "The expression matches a part: it lists every tool whose name contains what it"
                  + " says.",
              "\"~^" + key.replaceFirst("^~\\*?\\^?", "").replaceFirst("\\$$", "") + "$\"");
        }
      }
    }
  }

  private static boolean isWhole(String expression) {
    return expression.startsWith("^")
        && expression.endsWith("$")
        && !expression.endsWith("\\$")
        && topLevelAlternatives(expression) == 1;
  }

  /** {@code ^a|b$} is whole at neither end. */
  private static int topLevelAlternatives(String expression) {
    int alternatives = 1;
    int depth = 0;
    boolean inClass = false;
    for (int i = 0; i < expression.length(); i++) {
      char letter = expression.charAt(i);
      if (letter == '\\') {
        i++;
      } else if (inClass) {
        inClass = letter != ']';
      } else if (letter == '[') {
        inClass = true;
      } else if (letter == '(') {
        depth++;
      } else if (letter == ')') {
        depth--;
      } else if (letter == '|' && depth == 0) {
        alternatives++;
      }
    }
    return alternatives;
  }

  /** Of a header that comes twice nginx before 1.23 sees the first, and the server gets both. */
  private void checkHeaders(BackendPass pass) {
    List<String> missing =
        HEADERS.stream()
            .sorted()
            .filter(
                header ->
                    pass.passesClientHeaders()
                        && pass.setters(header).stream()
                            .noneMatch(
                                line ->
                                    variables
                                        .behind(line.argument(1), pass.location())
                                        .contains(variable(header))))
            .toList();
    if (!missing.isEmpty()) {
      findings.add(
          Hazard.MCP_HEADER_NOT_SET,
          pass.directive().place(),
          pass.location(),
          "The server gets "
              + String.join(", ", missing)
              + " as the client wrote it. Of one that comes twice, nginx before 1.23 looks at the"
              + " first, and the server may take the other.",
          besideOthers(
              pass,
              missing.stream()
                  .map(
                      header ->
                          pass.protocol().setter()
                              + " "
                              + pass.protocol().spelled(header)
                              + " $"
                              + variable(header)
                              + ";")
                  .collect(Collectors.joining("\n"))));
    }
  }

  /** A location with one such line of its own inherits none, and so would lose the others. */
  private static String besideOthers(BackendPass pass, String lines) {
    boolean inherits =
        pass.location().own(pass.protocol().setter()).isEmpty() && !pass.setters().isEmpty();
    return inherits ? "# at " + pass.setters().getFirst().place() + "\n" + lines : lines;
  }

  private static String variable(String header) {
    return "http_" + header.replace('-', '_').toLowerCase(Locale.ROOT);
  }
}
