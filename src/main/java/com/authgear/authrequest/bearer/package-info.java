/**
 * The words of a refusal: the closed list of reasons and the RFC 6750 / RFC 9470 challenge. A leaf.
 */
@NullMarked
package com.authgear.authrequest.bearer;

import org.jspecify.annotations.NullMarked;
