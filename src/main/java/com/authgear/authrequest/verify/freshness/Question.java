package com.authgear.authrequest.verify.freshness;

import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.resolver.Outcome;
import com.authgear.authrequest.verify.resolver.Presented;

/** What a request would ask the resolver; made up only if it is asked. */
public interface Question {

  /** The credentials. */
  Presented presented();

  /** On whose behalf; may only be asked for while the request lasts. */
  Caller caller();

  /** Whom it is about, if that is known before the answer; else empty. */
  default String userId() {
    return "";
  }

  /** What an outcome means for this question. */
  default Outcome meaning(Outcome outcome) {
    return outcome;
  }
}
