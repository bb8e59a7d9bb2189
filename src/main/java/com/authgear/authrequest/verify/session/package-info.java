/**
 * How old a verification may be: caches and confirmation by the resolver. Nothing in here makes a
 * credential good that its verifier refused.
 */
@NullMarked
package com.authgear.authrequest.verify.session;

import org.jspecify.annotations.NullMarked;
