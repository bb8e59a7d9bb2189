/** What operators see: meters and logs. No credential, token or cookie ever gets here. */
@NullMarked
package com.authgear.authrequest.telemetry;

import org.jspecify.annotations.NullMarked;
