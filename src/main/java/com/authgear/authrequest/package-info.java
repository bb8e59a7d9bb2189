/**
 * The commands, and where the parts are put together: {@link com.authgear.authrequest.Running} is
 * the service. Package {@code demo} is a second program, around the service, in a jar of its own.
 */
@NullMarked
package com.authgear.authrequest;

import org.jspecify.annotations.NullMarked;
