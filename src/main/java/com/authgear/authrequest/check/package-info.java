/**
 * {@code check}: looks at everything that the service depends on and says what is wrong and how to
 * fix it; with a credential, why a request with it is let in or not. What the service itself
 * decides, and each step to it, is asked of the service's own parts; this package puts it into
 * words with what to do, and says so where the steps do not lead to the decision. It prints no
 * token, cookie, signature or password.
 */
@NullMarked
package com.authgear.authrequest.check;

import org.jspecify.annotations.NullMarked;
