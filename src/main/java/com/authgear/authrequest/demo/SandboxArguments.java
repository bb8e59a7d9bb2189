package com.authgear.authrequest.demo;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.settings.ListenAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What {@code sandbox} and {@code echo} are told on the command line.
 *
 * @param listen where the main listener is; the resolver's and the Admin API's take the next ports
 * @param anyAddress whether an address that others can reach is really meant
 * @param origin what the project believes its origin to be; where it listens if null
 * @param webhook where changes are announced; null for nowhere
 * @param webhookSecret what signs them; null without a webhook
 * @param adminApiKeyFile where the Admin API's key is written; null for nowhere
 * @param resources those that MCP clients may ask for
 */
record SandboxArguments(
    ListenAddress listen,
    boolean anyAddress,
    @Nullable String origin,
    @Nullable String webhook,
    @Nullable String webhookSecret,
    @Nullable Path adminApiKeyFile,
    List<Resource> resources) {

  private static final Pattern OPTION = Pattern.compile("--(?<name>[a-z-]+)(?:=(?<value>.+))?");
  private static final Pattern ADDRESS = Pattern.compile("(?<host>[^:]+):(?<port>[0-9]{1,5})");
  private static final int HIGHEST_PORT = 65_533;

  SandboxArguments {
    resources = List.copyOf(resources);
  }

  /**
   * An API resource of the project.
   *
   * @param uri as clients name it
   * @param scopes those that clients may ask for
   */
  record Resource(String uri, List<String> scopes) {
    Resource {
      scopes = List.copyOf(scopes);
    }
  }

  /** An argument that is not understood; the message is it. */
  static final class NotUnderstoodException extends Exception {
    private static final long serialVersionUID = 1;

    NotUnderstoodException(String argument) {
      super(argument);
    }

    String argument() {
      return String.valueOf(getMessage());
    }
  }

  /** What {@code sandbox} understands. */
  static SandboxArguments parse(List<String> arguments, ListenAddress usual)
      throws NotUnderstoodException {
    Map<String, String> single = new HashMap<>();
    List<Resource> resources = new ArrayList<>();
    ListenAddress listen = usual;
    boolean anyAddress = false;
    for (String argument : arguments) {
      Matcher option = OPTION.matcher(argument);
      if (!option.matches()) {
        throw new NotUnderstoodException(argument);
      }
      String name = option.group("name");
      @Nullable String value = option.group("value");
      if (value == null) {
        if (!name.equals("any-address") || anyAddress) {
          throw new NotUnderstoodException(argument);
        }
        anyAddress = true;
        continue;
      }
      switch (name) {
        case "resource" -> {
          List<String> words = List.of(value.strip().split(" +"));
          resources.add(new Resource(words.getFirst(), words.subList(1, words.size())));
        }
        case "listen", "origin", "webhook", "webhook-secret", "admin-api-key-file" -> {
          if (single.put(name, value) != null) {
            throw new NotUnderstoodException(argument);
          }
          if (name.equals("listen")) {
            listen = address(argument, value);
          }
        }
        default -> throw new NotUnderstoodException(argument);
      }
    }
    if (single.containsKey("webhook") != single.containsKey("webhook-secret")) {
      throw new NotUnderstoodException(
          single.containsKey("webhook") ? "--webhook" : "--webhook-secret");
    }
    String file = single.get("admin-api-key-file");
    return new SandboxArguments(
        listen,
        anyAddress,
        single.get("origin"),
        single.get("webhook"),
        single.get("webhook-secret"),
        file == null ? null : Path.of(file),
        resources);
  }

  /** What {@code echo} understands: where to listen, and nothing else. */
  static SandboxArguments parseListen(List<String> arguments, ListenAddress usual)
      throws NotUnderstoodException {
    for (String argument : arguments) {
      if (!argument.equals("--any-address") && !argument.startsWith("--listen=")) {
        throw new NotUnderstoodException(argument);
      }
    }
    return parse(arguments, usual);
  }

  private static ListenAddress address(String argument, String text) throws NotUnderstoodException {
    Matcher address = ADDRESS.matcher(text);
    if (!address.matches()) {
      throw new NotUnderstoodException(argument);
    }
    int port = Integer.parseInt(address.group("port"));
    if (port < 1 || port > HIGHEST_PORT) {
      throw new NotUnderstoodException(argument);
    }
    return new ListenAddress(address.group("host"), port);
  }

  /**
   * As what the sandbox listens.
   *
   * @throws IOException if others could reach the address and nobody said that this is meant
   */
  SandboxOptions options(InstantSource clock) throws IOException {
    try {
      SandboxOptions options =
          SandboxOptions.loopback(clock)
              .withPort(listen.port())
              .withResolverPort(listen.port() + 1)
              .withAdminApiPort(listen.port() + 2);
      options =
          anyAddress ? options.withAnyAddress(listen.host()) : options.withHost(listen.host());
      return origin == null ? options : options.withPublicOrigin(origin);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage() + (anyAddress ? "" : "; see --any-address"), e);
    }
  }

  /** Does what has to be done once the sandbox runs. */
  void prepare(Sandbox sandbox) throws IOException {
    if (webhook != null && webhookSecret != null) {
      sandbox.project().hooks().configure(webhook, webhookSecret);
    }
    try {
      for (Resource resource : resources) {
        sandbox.authorizationServer().resources().register(resource.uri(), resource.scopes());
      }
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    if (adminApiKeyFile != null) {
      writeKey(adminApiKeyFile, sandbox.adminApiJwk());
    }
  }

  /**
   * Whole or not at all, and for its owner only: whoever waits for the file may read it at once.
   */
  private static void writeKey(Path file, String key) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path part =
        Files.createTempFile(
            absolute.getParent(),
            "key",
            ".part",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(part, key);
    Files.move(part, absolute, StandardCopyOption.ATOMIC_MOVE);
  }
}
