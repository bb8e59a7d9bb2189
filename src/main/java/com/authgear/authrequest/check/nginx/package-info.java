/**
 * {@code check nginx}: reads what {@code nginx -T} prints and finds what lets the wrong request
 * through, or shuts the right one out. {@link com.authgear.authrequest.check.nginx.Dump} makes a
 * tree of directives, {@link com.authgear.authrequest.check.nginx.Block} knows how nginx inherits,
 * {@link com.authgear.authrequest.check.nginx.RequestWalk} where a request gets to, the classes
 * named {@code ...Rules} say what is wrong and how to fix it. A leaf: it asks nobody and starts
 * nothing.
 */
@NullMarked
package com.authgear.authrequest.check.nginx;

import org.jspecify.annotations.NullMarked;
