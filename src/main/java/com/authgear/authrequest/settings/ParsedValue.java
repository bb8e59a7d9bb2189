package com.authgear.authrequest.settings;

/** What became of a value's text. */
sealed interface ParsedValue<T> {

  /** It is a value of the setting. */
  record Valid<T>(T value) implements ParsedValue<T> {}

  /**
   * It is not.
   *
   * @param what continues a sentence whose subject is the value, and holds no part of the value
   * @param quotable false if the value may hold a secret by mistake
   * @param detail says more and may hold parts of the value; empty if there is no more to say
   */
  record Invalid<T>(String what, boolean quotable, String detail) implements ParsedValue<T> {
    Invalid(String what) {
      this(what, true, "");
    }
  }
}
