/**
 * A stand-in for an Authgear project on loopback: for demos, for CI and for our own tests. Written
 * without the libraries that the service verifies with, so that each checks the other.
 */
@NullMarked
package com.authgear.authrequest.sandbox;

import org.jspecify.annotations.NullMarked;
