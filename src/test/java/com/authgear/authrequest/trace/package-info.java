@NullMarked
package com.authgear.authrequest.trace;

import org.jspecify.annotations.NullMarked;
