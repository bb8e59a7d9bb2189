/**
 * What a location requires, as rules that a principal meets or not, and the one grammar in which
 * proxies and settings write them. Plain values, no I/O; knows the principal and the words of a
 * refusal.
 */
@NullMarked
package com.authgear.authrequest.requirement;

import org.jspecify.annotations.NullMarked;
