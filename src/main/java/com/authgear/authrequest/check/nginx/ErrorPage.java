package com.authgear.authrequest.check.nginx;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** One {@code error_page code ... [=[status]] path}. */
record ErrorPage(Directive directive) {

  Set<Integer> codes() {
    return directive.arguments().stream()
        .filter(argument -> argument.matches("\\d{3}"))
        .map(Integer::valueOf)
        .collect(Collectors.toSet());
  }

  private Optional<String> override() {
    return directive.arguments().stream().filter(argument -> argument.startsWith("=")).findFirst();
  }

  /** The status that replaces the error's; empty if it is the page's own, or the error's. */
  String status() {
    return override().map(override -> override.substring(1)).orElse("");
  }

  /** Whether the error's status is given up for one that may be a success. */
  boolean mayBecomeSuccess() {
    return override()
        .filter(override -> override.equals("=") || override.startsWith("=2"))
        .isPresent();
  }

  /** Likewise, as far as can be told from the location that answers. */
  boolean becomesSuccess(Block server) {
    if (!mayBecomeSuccess() || !status().isEmpty()) {
      return mayBecomeSuccess();
    }
    Optional<Block> target = target(server);
    if (target.isEmpty()) {
      return false;
    }
    List<Directive> returns = target.get().own("return");
    return returns.isEmpty()
        ? BackendPass.of(target.get()).isEmpty()
        : returns.getFirst().argument(0).startsWith("2");
  }

  String path() {
    List<String> arguments = directive.arguments();
    return arguments.isEmpty() ? "" : arguments.getLast();
  }

  Optional<Block> target(Block server) {
    return path().startsWith("@")
        ? server.locations().stream().filter(block -> block.path().equals(path())).findFirst()
        : path().startsWith("/") ? server.find(path()).stream().findFirst() : Optional.empty();
  }
}
