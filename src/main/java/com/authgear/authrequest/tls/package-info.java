/**
 * The PEM files by which the main listener speaks TLS: read, checked, and read again when they
 * change. Knows the JDK only; nothing here is loaded while TLS is off.
 */
@NullMarked
package com.authgear.authrequest.tls;

import org.jspecify.annotations.NullMarked;
