@NullMarked
package com.authgear.authrequest.redis;

import org.jspecify.annotations.NullMarked;
