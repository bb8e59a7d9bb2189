package com.authgear.authrequest.check.nginx;

import java.util.List;
import java.util.stream.Stream;

/**
 * One directive of nginx's configuration.
 *
 * @param arguments without quotes and escapes
 * @param children what stands in its braces; empty if it has none
 */
record Directive(String name, List<String> arguments, List<Directive> children, SourceLine place) {
  Directive {
    arguments = List.copyOf(arguments);
    children = List.copyOf(children);
  }

  /** An argument, or nothing where there is none. */
  String argument(int index) {
    return index < arguments.size() ? arguments.get(index) : "";
  }

  boolean is(String name, String onlyArgument) {
    return this.name.equals(name) && arguments.equals(List.of(onlyArgument));
  }

  Stream<Directive> children(String name) {
    return children.stream().filter(child -> child.name.equals(name));
  }

  Directive withChildren(List<Directive> other) {
    return new Directive(name, arguments, other, place);
  }
}
