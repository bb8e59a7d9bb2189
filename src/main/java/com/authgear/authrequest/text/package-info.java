/** What texts from elsewhere may look like, and how many lines of a kind a log takes. */
@NullMarked
package com.authgear.authrequest.text;

import org.jspecify.annotations.NullMarked;
