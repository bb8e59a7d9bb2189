/** The commands. What they run is put together in package {@code serve}. */
@NullMarked
package com.authgear.authrequest;

import org.jspecify.annotations.NullMarked;
