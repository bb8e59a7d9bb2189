@NullMarked
package com.authgear.authrequest.telemetry.otlp;

import org.jspecify.annotations.NullMarked;
