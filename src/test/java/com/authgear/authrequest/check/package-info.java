@NullMarked
package com.authgear.authrequest.check;

import org.jspecify.annotations.NullMarked;
