package com.authgear.authrequest.settings;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The definition of one setting, or of a family of them: a row of the table.
 *
 * @param key name of the environment variable; {@code <NAME>} at its end stands for any name
 * @param format how its value is written
 * @param absence what holds if it is not set
 * @param description one line for a user
 * @param example a value that is accepted
 * @param secret whether its value must never be shown
 */
record Setting<T>(
    String key,
    ValueFormat<T> format,
    Absence absence,
    String description,
    String example,
    boolean secret) {

  /** Ends the key that names a file with the value. */
  static final String FILE_SUFFIX = "_FILE";

  private static final String ANY_NAME = "<NAME>";
  private static final Pattern NAME = Pattern.compile("[A-Z0-9]+(_[A-Z0-9]+)*");

  boolean isFamily() {
    return key.endsWith(ANY_NAME);
  }

  String familyPrefix() {
    return key.substring(0, key.length() - ANY_NAME.length());
  }

  /** The name that a key of this family has; null if it is none, or the name is not one. */
  @Nullable String nameIn(String memberKey) {
    String prefix = familyPrefix();
    String name = memberKey.startsWith(prefix) ? memberKey.substring(prefix.length()) : "";
    name =
        name.endsWith(FILE_SUFFIX) ? name.substring(0, name.length() - FILE_SUFFIX.length()) : name;
    return NAME.matcher(name).matches() ? name : null;
  }

  /** The setting of this family with a name. */
  Setting<T> member(String name) {
    return new Setting<>(familyPrefix() + name, format, absence, description, example, secret);
  }

  String fileKey() {
    return key + FILE_SUFFIX;
  }

  /** What holds if a setting is not set. */
  sealed interface Absence {}

  /** It must be set. */
  record Required() implements Absence {}

  /** A default in the setting's own format. */
  record Default(String text) implements Absence {}

  /** A default that the reader makes, for instance from another setting; here only its words. */
  record Otherwise(String words) implements Absence {}
}
