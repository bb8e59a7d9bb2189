/**
 * Verification by Authgear's resolver ({@code /_resolver/resolve}): its status is no verdict, its
 * headers are.
 */
@NullMarked
package com.authgear.authrequest.verify.resolver;

import org.jspecify.annotations.NullMarked;
