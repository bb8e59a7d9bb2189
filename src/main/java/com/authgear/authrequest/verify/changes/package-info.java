/**
 * What Authgear says about users who changed: its webhooks as they are read, the marks that they
 * leave, and how replicas tell each other. A mark makes a verification ask again; it never makes a
 * credential good.
 */
@NullMarked
package com.authgear.authrequest.verify.changes;

import org.jspecify.annotations.NullMarked;
