package com.authgear.authrequest.verify.changes;

import org.jspecify.annotations.Nullable;

/** Changes of users that Authgear announced, as far as they are still in force. */
@FunctionalInterface
public interface Changes {

  /** No change is ever known. */
  Changes NONE = _ -> null;

  /** The newest change of a user that is in force; null if none is known. Never blocks. */
  @Nullable Change latest(String userId);

  /**
   * A user changed. What was learned about the user before says nothing any more: an answer of the
   * resolver that was asked for before {@code learned}, and a JWT issued at or before {@code at},
   * need a confirmation that is asked for after {@code learned}.
   *
   * @param at when it happened, Unix seconds
   * @param learned when this process heard of it, Unix milliseconds by its own clock
   * @param disabled whether it ends what the user may do, for where no resolver can be asked: then
   *     a JWT issued at or before {@code at} is refused
   */
  record Change(long at, long learned, boolean disabled) {}
}
