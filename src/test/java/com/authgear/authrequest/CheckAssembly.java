package com.authgear.authrequest;

import com.authgear.authrequest.check.Parts;
import com.authgear.authrequest.settings.Settings;
import java.time.InstantSource;

/** The parts as the command gets them, for tests of other packages. */
public final class CheckAssembly {
  private CheckAssembly() {}

  public static Parts of(Settings settings, InstantSource clock) {
    return CheckParts.of(settings, clock);
  }
}
