/**
 * The rules of Authgear's authorization server (RFC 6749, 7591, 7636, 8707): its clients, what they
 * may register and ask for, and the words that refuse them. No HTTP, no sessions and no keys: those
 * are the sandbox's. Source: authgear-server at pull request 5870, pkg/lib/oauth/handler,
 * pkg/lib/oauth/scope.go, pkg/lib/dcr and pkg/lib/resourcescope.
 */
@NullMarked
package com.authgear.authrequest.sandbox.oauth;

import org.jspecify.annotations.NullMarked;
