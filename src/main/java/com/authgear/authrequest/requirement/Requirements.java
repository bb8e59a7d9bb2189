package com.authgear.authrequest.requirement;

import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.RequirementParser.Valid;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
    this.origin = origin;
    this.audiences = List.copyOf(audiences);
    this.clientIds = Set.copyOf(clientIds);
    this.plain = rules(Requirement.USER);
    Map<String, Rules> byName = new HashMap<>();
    policies.forEach((name, requirement) -> byName.put(name, rules(requirement)));
    this.policies = Map.copyOf(byName);
  }

  private Rules rules(Requirement requirement) {
    return Rules.of(requirement, audiences, clientIds, origin);
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

  int cached() {
    return parsed.size();
  }
}
