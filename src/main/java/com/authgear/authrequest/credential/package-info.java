/**
 * What a request presents to prove who sent it, before anyone believed it. A leaf: it reads
 * headers, does no I/O and judges nothing but the syntax.
 */
@NullMarked
package com.authgear.authrequest.credential;

import org.jspecify.annotations.NullMarked;
