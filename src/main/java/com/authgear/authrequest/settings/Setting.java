package com.authgear.authrequest.settings;

/**
 * The definition of one setting: a row of the table.
 *
 * @param key name of the environment variable
 * @param format how its value is written
 * @param absence what holds if it is not set
 * @param description one line for a user
 * @param example a value that is accepted
 * @param secret whether its value must never be shown
 */
record Setting<T>(
    String key,
    Format<T> format,
    Absence absence,
    String description,
    String example,
    boolean secret) {

  /** Ends the key that names a file with the value. */
  static final String FILE_SUFFIX = "_FILE";

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
