/** The whole program while something around it is down, slow, hostile or restarted. */
@NullMarked
package com.authgear.authrequest.faults;

import org.jspecify.annotations.NullMarked;
