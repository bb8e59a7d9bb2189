/** What is read of webhooks, and every bound of marks, with a clock that a test sets. */
@NullMarked
package com.authgear.authrequest.verify.changes;

import org.jspecify.annotations.NullMarked;
