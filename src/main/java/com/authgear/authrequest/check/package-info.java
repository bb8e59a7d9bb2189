/**
 * {@code check}: looks at everything that the service depends on and says what is wrong and how to
 * mend it; with a credential, why a request with it is let in or not. What the service itself
 * decides is asked of the service's own parts; this package only explains it, and says so where its
 * explanation does not lead to the same decision. It prints no token, cookie, signature or
 * password.
 */
@NullMarked
package com.authgear.authrequest.check;

import org.jspecify.annotations.NullMarked;
