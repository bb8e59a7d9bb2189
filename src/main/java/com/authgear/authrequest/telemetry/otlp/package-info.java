/**
 * Spans by OpenTelemetry. The only place that knows its libraries, and loaded only where {@code
 * AUTHGEAR_OTLP_ENDPOINT} is set.
 */
@NullMarked
package com.authgear.authrequest.telemetry.otlp;

import org.jspecify.annotations.NullMarked;
