/** What the documentation says holds: its links lead somewhere, its command lines are run. */
@NullMarked
package com.authgear.authrequest.docs;

import org.jspecify.annotations.NullMarked;
