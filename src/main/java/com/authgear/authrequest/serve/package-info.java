/**
 * Where the parts are put together: {@link com.authgear.authrequest.serve.Decider} is all that
 * decides, {@link com.authgear.authrequest.serve.Service} is that, listening.
 */
@NullMarked
package com.authgear.authrequest.serve;

import org.jspecify.annotations.NullMarked;
