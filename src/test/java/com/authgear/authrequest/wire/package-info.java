/** HTTP as octets, for tests of what stands between a client and a backend. */
@NullMarked
package com.authgear.authrequest.wire;

import org.jspecify.annotations.NullMarked;
