package com.authgear.authrequest.requirement;

import com.authgear.authrequest.requirement.RequirementParser.Parsed;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The requirements of all locations: those that come as a query are parsed once, those that have a
 * name are known from the start.
 */
public final class Requirements {

  /** Far more than the locations of one proxy; what does not fit is only parsed again. */
  static final int MAX_CACHED = 1024;

  /** Longer ones are parsed each time, so that the cache has a bounded size in bytes too. */
  static final int LONGEST_CACHED = 512;

  private final Map<String, Requirement> policies;
  private final Map<String, Parsed> parsed = new ConcurrentHashMap<>();

  /**
   * @param policies named policies by name
   */
  public Requirements(Map<String, Requirement> policies) {
    this.policies = Map.copyOf(policies);
  }

  /** The requirement that a query spells; null is the same as empty. */
  public Parsed ofQuery(@Nullable String query) {
    if (query == null || query.isEmpty()) {
      return RequirementParser.NOTHING;
    }
    Parsed known = parsed.get(query);
    if (known != null) {
      return known;
    }
    Parsed fresh = RequirementParser.parse(query);
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

  /** The requirement of a named policy; null if there is no such name. */
  public @Nullable Requirement ofPolicy(String name) {
    return policies.get(name);
  }

  int cached() {
    return parsed.size();
  }
}
