@NullMarked
package com.authgear.authrequest.check.nginx;

import org.jspecify.annotations.NullMarked;
