/** Tests of what operators see. */
@NullMarked
package com.authgear.authrequest.telemetry;

import org.jspecify.annotations.NullMarked;
