package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
import com.authgear.authrequest.settings.Setting.Default;
import com.authgear.authrequest.settings.Setting.Otherwise;
import com.authgear.authrequest.settings.Setting.Required;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The values that an environment gives to a table's settings, and every problem met on the way. */
final class Values {

  private static final int LARGEST_FILE = 64 * 1024;
  private static final String HIDDEN = "the value (not shown)";

  private final Map<String, String> environment;
  private final Map<String, Object> values = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();

  private Values(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * @param others settings of another command, which are none of this one
   */
  static Values read(
      List<Setting<?>> table, List<Setting<?>> others, Map<String, String> environment) {
    Values values = new Values(environment);
    for (Setting<?> setting : table) {
      if (setting.isFamily()) {
        values.readMembers(setting);
      } else {
        values.read(setting);
      }
    }
    values.problems.addAll(UnknownKeys.find(table, others, environment));
    return values;
  }

  /** Reads one setting, and looks at nothing else in the environment. */
  static Values readOnly(Setting<?> setting, Map<String, String> environment) {
    Values values = new Values(environment);
    values.read(setting);
    return values;
  }

  /** In the order of the table, then unknown keys. */
  List<Problem> problems() {
    return List.copyOf(problems);
  }

  /** Empty if the setting has a problem, or is not set and has no default of its own. */
  @SuppressWarnings("unchecked") // what is kept for a setting came from its own format
  <T> Optional<T> get(Setting<T> setting) {
    return Optional.ofNullable((T) values.get(setting.key()));
  }

  /** The values of a family by name, in lower case; those with a problem are left out. */
  <T> Map<String, T> members(Setting<T> family) {
    Map<String, T> members = new TreeMap<>();
    for (String name : names(family)) {
      get(family.member(name))
          .ifPresent(value -> members.put(name.toLowerCase(Locale.ROOT), value));
    }
    return members;
  }

  private SortedSet<String> names(Setting<?> family) {
    SortedSet<String> names = new TreeSet<>();
    for (String key : environment.keySet()) {
      String name = UnknownKeys.isServiceLink(key, environment) ? null : family.nameIn(key);
      if (name != null) {
        names.add(name);
      }
    }
    return names;
  }

  private void readMembers(Setting<?> family) {
    names(family).forEach(name -> read(family.member(name)));
  }

  /** The value as a problem's text may show it. */
  String shown(Setting<?> setting) {
    if (setting.secret()) {
      return HIDDEN;
    }
    String file = given(setting.fileKey());
    if (!file.isEmpty()) {
      return "the content of " + Problem.quote(file);
    }
    String text = given(setting.key());
    return text.isEmpty() ? "the default" : Problem.quote(text);
  }

  /** Whether it has a value, sound or not, apart from a default. */
  boolean isSet(Setting<?> setting) {
    return !given(setting.key()).isEmpty() || !given(setting.fileKey()).isEmpty();
  }

  /** Set to nothing is not set. */
  private String given(String key) {
    return environment.getOrDefault(key, "");
  }

  private void read(Setting<?> setting) {
    String text = given(setting.key());
    String file = given(setting.fileKey());
    if (!text.isEmpty() && !file.isEmpty()) {
      problems.add(
          new Problem(
              setting.key(), setting.fileKey() + " is set too", "keep only one of the two"));
    } else if (!file.isEmpty()) {
      readFile(setting, file);
    } else if (!text.isEmpty()) {
      parse(setting, text);
    } else {
      switch (setting.absence()) {
        case Required _ ->
            problems.add(new Problem(setting.key(), "is missing", accepted(setting)));
        case Default(String defaultText) -> parse(setting, defaultText);
        case Otherwise _ -> {}
      }
    }
  }

  private void parse(Setting<?> setting, String text) {
    switch (setting.format().parse(text)) {
      case Valid<?>(Object value) -> values.put(setting.key(), value);
      case Invalid<?>(String what, boolean quotable, String detail) -> {
        boolean fromFile = !given(setting.fileKey()).isEmpty();
        String more = detail.isEmpty() || fromFile || setting.secret() ? "" : ": " + detail;
        problems.add(
            new Problem(
                setting.key(),
                (quotable ? shown(setting) : HIDDEN) + " " + what + more,
                accepted(setting)));
      }
    }
  }

  private void readFile(Setting<?> setting, String file) {
    String text;
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      byte[] bytes = in.readNBytes(LARGEST_FILE + 1);
      if (bytes.length > LARGEST_FILE) {
        fileProblem(setting, file, "larger than 64 KiB");
        return;
      }
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (IOException | InvalidPathException e) {
      fileProblem(setting, file, cause(e));
      return;
    }
    String value = withoutNewline(text);
    if (value.isEmpty()) {
      fileProblem(setting, file, "it is empty");
    } else {
      parse(setting, value);
    }
  }

  private static String withoutNewline(String text) {
    int end = text.length();
    if (text.endsWith("\n")) {
      end -= text.endsWith("\r\n") ? 2 : 1;
    }
    return text.substring(0, end);
  }

  private void fileProblem(Setting<?> setting, String file, String cause) {
    // A relative path may be the secret itself, put under the wrong key.
    String name = setting.secret() && !file.startsWith("/") ? "the file" : Problem.quote(file);
    problems.add(
        new Problem(
            setting.fileKey(),
            "cannot read " + name + ": " + cause,
            "the path of a file that holds only the value of " + setting.key()));
  }

  /** Never the exception's own text where that repeats the path. */
  private static String cause(Exception e) {
    return switch (e) {
      case NoSuchFileException _ -> "no such file";
      case AccessDeniedException _ -> "permission denied";
      case CharacterCodingException _ -> "not UTF-8 text";
      case InvalidPathException _ -> "not a path";
      case FileSystemException failed -> String.valueOf(failed.getReason());
      default -> String.valueOf(e.getMessage());
    };
  }

  private static String accepted(Setting<?> setting) {
    return "accepted: " + setting.format().accepts() + "; for example " + setting.example();
  }
}
