/**
 * The URL of a Redis and what it says. The settings check it and the marks connect by it, so both
 * read it here. Nothing in this package connects.
 */
@NullMarked
package com.authgear.authrequest.redis;

import org.jspecify.annotations.NullMarked;
