/**
 * What a request says about the trace that it belongs to (W3C Trace Context), and what tracing is
 * to those whose work is traced. Knows no library of tracing, so that nothing of one is loaded
 * where nobody traces.
 */
@NullMarked
package com.authgear.authrequest.trace;

import org.jspecify.annotations.NullMarked;
