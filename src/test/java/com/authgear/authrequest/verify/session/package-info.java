/** Every bound of freshness, with a clock that a test sets. */
@NullMarked
package com.authgear.authrequest.verify.session;

import org.jspecify.annotations.NullMarked;
