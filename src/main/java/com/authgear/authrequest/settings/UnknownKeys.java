package com.authgear.authrequest.settings;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Finds keys that look like settings and are none: a typo must not leave a default in force. */
final class UnknownKeys {

  private static final String SERVICE_HOST = "_SERVICE_HOST";
  private static final String SERVICE_PORT = "_SERVICE_PORT";

  /** What Kubernetes appends to a Service's name, see {@link #isServiceLink}. */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          "_SERVICE_HOST|_SERVICE_PORT(_.+)?|_PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?");

  private UnknownKeys() {}

  /**
   * One problem for each, in alphabetical order.
   *
   * @param others settings of another command, which may share a file with this one's
   */
  static List<Problem> find(
      List<Setting<?>> table, List<Setting<?>> others, Map<String, String> environment) {
    Set<String> known = new LinkedHashSet<>();
    for (Setting<?> setting : table) {
      known.add(setting.key());
      if (!setting.isFamily()) {
        known.add(setting.fileKey());
      }
    }
    List<Problem> problems = new ArrayList<>();
    for (String key : new TreeSet<>(environment.keySet())) {
      if (key.startsWith(SettingsTable.PREFIX)
          && !known.contains(key)
          && others.stream().noneMatch(row -> isNamedBy(row, key))
          && table.stream().noneMatch(row -> row.isFamily() && row.nameIn(key) != null)
          && !isServiceLink(key, environment)) {
        problems.add(
            new Problem(Problem.escape(key), "is not a setting", remedy(key, table, known)));
      }
    }
    return problems;
  }

  private static boolean isNamedBy(Setting<?> row, String key) {
    return row.isFamily()
        ? row.nameIn(key) != null
        : row.key().equals(key) || row.fileKey().equals(key);
  }

  private static String remedy(String key, List<Setting<?>> table, Collection<String> known) {
    for (Setting<?> setting : table) {
      if (setting.isFamily() && key.startsWith(setting.familyPrefix())) {
        return "write " + setting.key() + " with a name of A-Z, 0-9 and single underscores inside";
      }
    }
    return nearest(key, known)
        .map(near -> "did you mean " + near + "?")
        .orElse("remove it; no setting has a similar name");
  }

  /**
   * Kubernetes tells each pod about every Service of its namespace by such variables, so a Service
   * named {@code authgear-auth-request} puts {@code AUTHGEAR_AUTH_REQUEST_PORT} into our own
   * environment. They come in a set; one alone is a mistake like any other.
   */
  static boolean isServiceLink(String key, Map<String, String> environment) {
    for (String host : environment.keySet()) {
      if (host.endsWith(SERVICE_HOST)) {
        String service = host.substring(0, host.length() - SERVICE_HOST.length());
        if (key.startsWith(service)
            && environment.containsKey(service + SERVICE_PORT)
            && SERVICE_LINK.matcher(key.substring(service.length())).matches()) {
          return true;
        }
      }
    }
    return false;
  }

  /** The known key with the fewest edits, if no more than a third of the name must change. */
  private static Optional<String> nearest(String key, Collection<String> known) {
    String name = key.substring(SettingsTable.PREFIX.length()).toUpperCase(Locale.ROOT);
    int fewest = Math.max(1, name.length() / 3) + 1;
    Optional<String> nearest = Optional.empty();
    for (String candidate : known) {
      int edits = edits(name, candidate.substring(SettingsTable.PREFIX.length()));
      if (edits < fewest) {
        fewest = edits;
        nearest = Optional.of(candidate);
      }
    }
    return nearest;
  }

  /** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
  private static int edits(String a, String b) {
    int[][] distance = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          distance[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int least = Math.min(distance[i - 1][j], distance[i][j - 1]) + 1;
        least = Math.min(least, distance[i - 1][j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          least = Math.min(least, distance[i - 2][j - 2] + 1);
        }
        distance[i][j] = least;
      }
    }
    return distance[a.length()][b.length()];
  }
}
