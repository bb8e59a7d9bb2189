@NullMarked
package com.authgear.authrequest.follow;

import org.jspecify.annotations.NullMarked;
