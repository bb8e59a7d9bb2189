/** What the commands for people who try things understand. */
@NullMarked
package com.authgear.authrequest.demo;

import org.jspecify.annotations.NullMarked;
