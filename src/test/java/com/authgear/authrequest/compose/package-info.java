/** {@code examples/compose}, as far as it runs without containers. */
@NullMarked
package com.authgear.authrequest.compose;

import org.jspecify.annotations.NullMarked;
