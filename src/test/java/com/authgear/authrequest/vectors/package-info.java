/** The language-neutral test vectors: what writes them and what asks them. */
@NullMarked
package com.authgear.authrequest.vectors;

import org.jspecify.annotations.NullMarked;
