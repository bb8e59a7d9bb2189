package com.authgear.authrequest.verify.session;

import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.resolver.SentCredential;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a request would ask the resolver; made up only if it is asked. */
public interface ResolverQuery {

  /** The credentials. */
  SentCredential presented();

  /** On whose behalf; may only be asked for while the request lasts. */
  Caller caller();

  /** Whom it is about, if that is known before the answer; else empty. */
  default String userId() {
    return "";
  }

  /**
   * How fresh an answer must be.
   *
   * @param goodForNanos no older than this; {@link Long#MAX_VALUE}: any age
   * @param askedFrom not asked for before this, Unix milliseconds by this process' clock
   */
  record Within(long goodForNanos, long askedFrom) {

    /** No older than a time. */
    public static Within of(Duration goodFor) {
      return new Within(goodFor.toNanos(), Long.MIN_VALUE);
    }
  }

  /** How fresh an answer to this question must be; null: as to all. */
  default @Nullable Within within() {
    return null;
  }

  /** What an outcome means for this question. */
  default ResolverAnswer meaning(ResolverAnswer outcome) {
    return outcome;
  }
}
