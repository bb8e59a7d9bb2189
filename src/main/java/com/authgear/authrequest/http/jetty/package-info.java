/**
 * What touches Jetty's internals: how a connection's bytes become a request. A new version of Jetty
 * is held against this package first.
 */
@NullMarked
package com.authgear.authrequest.http.jetty;

import org.jspecify.annotations.NullMarked;
