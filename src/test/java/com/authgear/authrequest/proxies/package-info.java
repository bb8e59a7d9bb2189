/** Every proxy that is shipped a configuration for, held to the same promises. */
@NullMarked
package com.authgear.authrequest.proxies;

import org.jspecify.annotations.NullMarked;
