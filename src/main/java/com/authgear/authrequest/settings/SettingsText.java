package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.Setting.Default;
import com.authgear.authrequest.settings.Setting.Otherwise;
import com.authgear.authrequest.settings.Setting.Required;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The table of settings for people. */
final class SettingsText {

  private static final String HEAD =
      """
      | Setting | Meaning | Accepted | Default | Example |
      |---|---|---|---|---|\
      """;

  private SettingsText() {}

  static String help(List<Setting<?>> table) {
    StringBuilder text =
        new StringBuilder(
            """
            Settings are environment variables. An empty one counts as not set.
            <KEY>_FILE instead of <KEY> names a file that holds the value, for instance a secret.
            """);
    for (Setting<?> setting : table) {
      text.append("\n  ").append(setting.key()).append(" (");
      text.append(
          switch (setting.absence()) {
            case Required _ -> "required";
            case Default(String value) -> "default " + value;
            case Otherwise(String words) -> "default: " + words;
          });
      text.append(")\n    ").append(setting.description().replace("`", ""));
      text.append(".\n    ").append(setting.format().accepts());
      text.append("; for example ").append(setting.example()).append('\n');
    }
    return text.toString();
  }

  static String markdownTable(List<Setting<?>> table) {
    Map<String, Setting<?>> byKey =
        table.stream().collect(Collectors.toMap(Setting::key, Function.identity()));
    StringBuilder text = new StringBuilder();
    for (SettingsGroup group : SettingsGroup.values()) {
      text.append(text.isEmpty() ? "" : "\n\n").append("## ").append(group.title());
      text.append("\n\n").append(HEAD);
      group.keys().forEach(key -> row(text, Objects.requireNonNull(byKey.get(key), key)));
    }
    return text.toString();
  }

  /** One table without groups. */
  static String plainTable(List<Setting<?>> settings) {
    StringBuilder text = new StringBuilder(HEAD);
    settings.forEach(setting -> row(text, setting));
    return text.toString();
  }

  private static void row(StringBuilder text, Setting<?> setting) {
    text.append("\n| `").append(setting.key());
    text.append("` | ").append(setting.description());
    text.append(" | ").append(setting.format().accepts()).append(" | ");
    text.append(
        switch (setting.absence()) {
          case Required _ -> "**required**";
          case Default(String value) -> "`" + value + "`";
          case Otherwise(String words) -> words;
        });
    text.append(" | `").append(setting.example()).append("` |");
  }
}
