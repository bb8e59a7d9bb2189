package com.authgear.authrequest.requirement;

import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.RequirementParser.Valid;
import java.net.URI;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The requirements of all locations: those that come as a query are parsed once, those that have a
 * name are known from the start.
 */
public final class Requirements {

  /** What a query asks for. */
  public sealed interface Found permits Rules, Mistake {}

  /** Far more than the locations of one proxy; what does not fit is only parsed again. */
  static final int MAX_CACHED = 1024;

  /** Longer ones are parsed each time, so that the cache has a bounded size in bytes too. */
  static final int LONGEST_CACHED = 512;

  private final List<String> audiences;
  private final Set<String> clientIds;
  private final String origin;
  private final @Nullable Resource resource;
  private final Rules plain;
  private final Map<String, Rules> policies;
  private final Map<String, Found> parsed = new ConcurrentHashMap<>();

  /**
   * @param policies named policies by name
   * @param audiences of which a principal must name one where the location names none
   * @param clientIds of which the principal's client must be one; empty: any client
   * @param origin the project's own: what names no audience is for it
   */
  public Requirements(
      Map<String, Requirement> policies,
      List<String> audiences,
      Set<String> clientIds,
      String origin) {
    this(policies, audiences, clientIds, origin, null);
  }

  /**
   * @param policies named policies by name
   * @param audiences of which a principal must name one where the location names neither an
   *     audience nor a resource
   * @param clientIds of which the principal's client must be one; empty: any client
   * @param origin the project's own: what names no audience is for it
   * @param resource that a location is a part of if it says nothing else; null for none
   */
  public Requirements(
      Map<String, Requirement> policies,
      List<String> audiences,
      Set<String> clientIds,
      String origin,
      @Nullable URI resource) {
    this.origin = origin;
    this.resource = resource == null ? null : Resource.of(resource);
    this.audiences = List.copyOf(audiences);
    this.clientIds = Set.copyOf(clientIds);
    this.plain = rules(Requirement.USER);
    Map<String, Rules> byName = new HashMap<>();
    policies.forEach((name, requirement) -> byName.put(name, rules(requirement)));
    this.policies = Map.copyOf(byName);
  }

  private Rules rules(Requirement requirement) {
    return Rules.of(requirement, audiences, clientIds, origin, resource);
  }

  /** The rules that a query spells; null is the same as empty. */
  public Found ofQuery(@Nullable String query) {
    if (query == null || query.isEmpty()) {
      return plain;
    }
    Found known = parsed.get(query);
    if (known != null) {
      return known;
    }
    Found fresh =
        switch (RequirementParser.parse(query)) {
          case Valid(Requirement requirement) -> rules(requirement);
          case Mistake mistake -> mistake;
        };
    if (query.length() > LONGEST_CACHED) {
      return fresh;
    }
    if (parsed.size() >= MAX_CACHED) {
      // A proxy that lets clients write the query must not fill the heap.
      parsed.clear();
    }
    parsed.put(query, fresh);
    return fresh;
  }

  /** The rules of a named policy; null if there is no such name. */
  public @Nullable Rules ofPolicy(String name) {
    return policies.get(name);
  }

  /**
   * What there is to describe to OAuth clients: each resource that a named policy or the settings
   * name, in a fixed order, with every scope that some location of it requires.
   */
  public List<Described> resources() {
    Map<URI, Described> found = new LinkedHashMap<>();
    Stream.concat(Stream.of(plain), new TreeMap<>(policies).values().stream())
        .forEach(
            rules -> {
              if (rules.resource() != null) {
                found.merge(
                    rules.resource().id(),
                    new Described(rules.resource(), rules.scopesSupported()),
                    Described::and);
              }
            });
    return List.copyOf(found.values());
  }

  /**
   * A resource and what its locations require.
   *
   * @param scopes never empty: {@code openid} is always one
   */
  public record Described(Resource resource, Set<String> scopes) {
    public Described {
      scopes = Collections.unmodifiableSet(new LinkedHashSet<>(scopes));
    }

    /** One policy may name what another one leaves out. */
    private Described and(Described other) {
      Set<String> all = new LinkedHashSet<>(scopes);
      all.addAll(other.scopes);
      Resource theirs = other.resource;
      return new Described(
          new Resource(
              resource.id(),
              resource.name() == null ? theirs.name() : resource.name(),
              resource.documentation() == null ? theirs.documentation() : resource.documentation()),
          all);
    }
  }

  int cached() {
    return parsed.size();
  }
}
