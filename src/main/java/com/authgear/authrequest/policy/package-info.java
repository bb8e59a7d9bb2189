/**
 * The decision about a verified request, held against what its location requires. Pure functions:
 * no I/O, no HTTP. Whatever is not explicitly allowed is denied.
 */
@NullMarked
package com.authgear.authrequest.policy;

import org.jspecify.annotations.NullMarked;
