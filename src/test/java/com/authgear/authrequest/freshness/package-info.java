/** How soon the whole program knows of a change at Authgear, by every way of telling it. */
@NullMarked
package com.authgear.authrequest.freshness;

import org.jspecify.annotations.NullMarked;
