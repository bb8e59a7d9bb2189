/**
 * The commands, and where the parts are put together: {@link com.authgear.authrequest.Running} is
 * the service, {@link com.authgear.authrequest.Demo} the service with everything around it.
 */
@NullMarked
package com.authgear.authrequest;

import org.jspecify.annotations.NullMarked;
