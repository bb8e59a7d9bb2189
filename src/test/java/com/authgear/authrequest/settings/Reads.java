package com.authgear.authrequest.settings;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Environments to read, valid but for what a test adds. */
final class Reads {

  static final String ENDPOINT = "https://my-project.authgear.cloud";

  private Reads() {}

  /** A sound environment and, over it, pairs of key and value. */
  static Map<String, String> environment(String... pairs) {
    Map<String, String> environment = new HashMap<>();
    environment.put("PATH", "/usr/bin");
    environment.put("AUTHGEAR_ENDPOINT", ENDPOINT);
    for (int i = 0; i < pairs.length; i += 2) {
      environment.put(pairs[i], pairs[i + 1]);
    }
    return environment;
  }

  static Settings accepted(String... pairs) {
    return switch (SettingsReader.read(environment(pairs))) {
      case Accepted(Settings settings) -> settings;
      case Refused refused -> throw new AssertionError(refused.report());
    };
  }

  static List<Problem> refused(String... pairs) {
    return refused(environment(pairs));
  }

  static List<Problem> refused(Map<String, String> environment) {
    return switch (SettingsReader.read(environment)) {
      case Accepted(Settings settings) -> throw new AssertionError(settings);
      case Refused(List<Problem> problems) -> problems;
    };
  }

  /** The fault of the only problem, which must be about {@code key}. */
  static String fault(String key, String value) {
    List<Problem> problems = refused(key, value);
    assertThat(problems).extracting(Problem::key).containsExactly(key);
    return problems.getFirst().fault();
  }

  /** Every setting of the table, and one member of each family. */
  static List<Setting<?>> all() {
    List<Setting<?>> all = new ArrayList<>();
    for (Setting<?> setting : new SettingsTable().all()) {
      all.add(setting.isFamily() ? setting.member("ADMIN") : setting);
    }
    return all;
  }

  static List<String> secretKeys() {
    return all().stream().filter(Setting::secret).map(Setting::key).toList();
  }
}
