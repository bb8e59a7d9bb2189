/**
 * Who is behind a request once a verifier vouched for it: a user or a client, with everything a
 * decision or a backend may ask about them. A leaf: plain values, no I/O.
 */
@NullMarked
package com.authgear.authrequest.principal;

import org.jspecify.annotations.NullMarked;
