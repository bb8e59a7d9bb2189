/**
 * A stand-in for an Authgear project on loopback: for demos, for CI and for our own tests. Written
 * without the libraries that the service verifies with, so that each checks the other.
 *
 * <p>{@link com.authgear.authrequest.sandbox.Sandbox} listens, {@link
 * com.authgear.authrequest.sandbox.Project} is its state and mints credentials, {@link
 * com.authgear.authrequest.sandbox.EchoBackend} is a backend that shows what reached it. Keys and
 * users are thrown away with the process. {@link com.authgear.authrequest.sandbox.Webhooks}
 * announces every change of a user as Authgear would. {@link
 * com.authgear.authrequest.sandbox.Playground} shows a whole {@link
 * com.authgear.authrequest.sandbox.DemoSite} in a browser.
 */
@NullMarked
package com.authgear.authrequest.sandbox;

import org.jspecify.annotations.NullMarked;
