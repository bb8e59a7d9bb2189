/** The one rule that says whose request it is. It asks all the other verifiers. */
@NullMarked
package com.authgear.authrequest.verify.authenticator;

import org.jspecify.annotations.NullMarked;
