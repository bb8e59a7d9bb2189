package com.authgear.authrequest.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One nginx with a port for each of its roles: the fixed answer, the unprotected file, and the same
 * file protected by each candidate with the shipped configuration.
 */
final class Proxy {

  /** The upstream whose answers nginx may repeat. */
  static final String EDGE = "edge";

  private final Path folder;
  private final Path memory;
  private final Path shipped;
  private final int staticPort;
  private final int openPort;
  private final Map<String, Integer> protectedPorts = new LinkedHashMap<>();
  private final Map<String, Integer> upstreams;

  /**
   * @param memory where nginx's cache has its files
   * @param upstreams what may be asked, by name, and its port
   */
  Proxy(Path folder, Path memory, Path shipped, Map<String, Integer> upstreams) throws IOException {
    this.folder = folder;
    this.memory = memory;
    this.shipped = shipped;
    this.staticPort = Children.freePort();
    this.openPort = Children.freePort();
    this.upstreams = new LinkedHashMap<>();
    this.upstreams.put("nginx", staticPort);
    this.upstreams.putAll(upstreams);
    for (String name : this.upstreams.keySet()) {
      protectedPorts.put(name, Children.freePort());
    }
  }

  int staticPort() {
    return staticPort;
  }

  int openPort() {
    return openPort;
  }

  int protectedPort(String name) {
    return protectedPorts.get(name);
  }

  Process start(Children children, List<String> answer) throws IOException, InterruptedException {
    Path conf = folder.resolve("nginx");
    Files.createDirectories(conf.resolve("authgear"));
    try (Stream<Path> files = Files.list(shipped.resolve("authgear"))) {
      for (Path file : files.toList()) {
        String text = Files.readString(file);
        for (String name : protectedPorts.keySet()) {
          Files.writeString(
              conf.resolve("authgear").resolve(name + "-" + file.getFileName()),
              text.replace("http://authgear_auth/", "http://auth_" + name + "/")
                  .replace("include authgear/", "include authgear/" + name + "-"));
        }
        Files.writeString(conf.resolve("authgear").resolve(file.getFileName()), text);
      }
    }
    Files.createDirectories(conf.resolve("html"));
    Files.writeString(conf.resolve("html/file"), "ok\n");
    Files.writeString(conf.resolve("nginx.conf"), configuration(conf, answer));
    Process process =
        children.start(
            "nginx",
            Map.of(),
            List.of(
                "nginx",
                "-p",
                conf.toString(),
                "-c",
                conf.resolve("nginx.conf").toString(),
                "-e",
                folder.resolve("nginx-error.log").toString()));
    Children.awaitPort(process, staticPort);
    return process;
  }

  private String configuration(Path conf, List<String> answer) {
    StringBuilder text = new StringBuilder();
    text.append(
            "daemon off;\nworker_processes auto;\npcre_jit on;\nworker_rlimit_nofile 32768;\npid ")
        .append(conf)
        .append("/pid;\n");
    if (System.getProperty("user.name").equals("root")) {
      text.append("user root;\n");
    }
    text.append("events { worker_connections 16384; }\nhttp {\naccess_log off;\n");
    text.append("keepalive_requests 100000000;\nopen_file_cache max=4096;\n");
    for (String kind : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
      text.append(kind + "_temp_path " + conf + "/" + kind + ";\n");
    }
    text.append("include authgear/http.conf;\n");
    text.append("proxy_cache_path " + memory + "/cache levels=1:2 keys_zone=authgear:4m");
    text.append(" max_size=32m inactive=1m use_temp_path=off;\n");
    upstreams.forEach(
        (name, port) ->
            text.append(
                "upstream auth_"
                    + name
                    + " { server 127.0.0.1:"
                    + port
                    + "; keepalive 32; keepalive_requests 100000000; }\n"));
    text.append("server { listen 127.0.0.1:" + staticPort + ";\n");
    text.append(
        answer.stream()
            .filter(line -> !line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
            .map(line -> line.split(": ?", 2))
            // add_header leaves out what is empty; the value is one space then, which no one sees.
            .map(f -> "add_header " + f[0] + " \"" + (f[1].isEmpty() ? " " : f[1]) + "\" always;\n")
            .collect(Collectors.joining()));
    text.append("location / { return 200; } }\n");
    text.append(
        "server { listen 127.0.0.1:"
            + openPort
            + "; location / { root html; try_files /file =404; } }\n");
    protectedPorts.forEach(
        (name, port) -> {
          text.append("server { listen 127.0.0.1:" + port + ";\n");
          String asks = name.equals(EDGE) ? "-edge-cache.conf" : "-server.conf";
          text.append("include authgear/" + name + asks + ";\n");
          text.append(
              "location / { include authgear/protect.conf; root html; try_files /file =404; } }\n");
        });
    return text.append("}\n").toString();
  }
}
