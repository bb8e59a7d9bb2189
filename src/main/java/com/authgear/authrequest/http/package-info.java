/**
 * The endpoints that proxies, operators and Authgear call. Turns a decision into status and
 * headers; decides nothing itself.
 */
@NullMarked
package com.authgear.authrequest.http;

import org.jspecify.annotations.NullMarked;
