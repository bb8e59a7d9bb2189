/**
 * Puts the parts together: {@link com.authgear.authrequest.Main} is the only place that knows all
 * of them.
 */
@NullMarked
package com.authgear.authrequest;

import org.jspecify.annotations.NullMarked;
