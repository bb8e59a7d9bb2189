/**
 * The command {@code follow}: reads Authgear's audit log and tells the services who has changed. It
 * runs in a process of its own, because the key of the Admin API has full rights over a project and
 * the service that faces requests must never hold it.
 */
@NullMarked
package com.authgear.authrequest.follow;

import org.jspecify.annotations.NullMarked;
