/**
 * The second program, in a jar of its own that no image has: a stand-in Authgear alone ({@code
 * sandbox}), or with the service, a backend and nginx around it ({@code demo}).
 */
@NullMarked
package com.authgear.authrequest.demo;

import org.jspecify.annotations.NullMarked;
