/**
 * What a location requires, and the one grammar in which proxies and settings write it. A leaf:
 * plain values, no I/O, no judgement.
 */
@NullMarked
package com.authgear.authrequest.requirement;

import org.jspecify.annotations.NullMarked;
