/**
 * How old a verification may be: caches, confirmation by the resolver, and what webhooks told about
 * users. Nothing in here makes a credential good that its verifier refused.
 */
@NullMarked
package com.authgear.authrequest.verify.freshness;

import org.jspecify.annotations.NullMarked;
