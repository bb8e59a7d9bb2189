/** The shipped nginx configuration, tried in a real nginx. */
@NullMarked
package com.authgear.authrequest.nginx;

import org.jspecify.annotations.NullMarked;
