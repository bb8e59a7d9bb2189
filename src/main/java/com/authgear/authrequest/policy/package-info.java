/**
 * What a location requires, and the decision about a verified request. Pure functions: no I/O, no
 * HTTP. Whatever is not explicitly allowed is denied.
 */
@NullMarked
package com.authgear.authrequest.policy;

import org.jspecify.annotations.NullMarked;
