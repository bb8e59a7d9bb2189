package com.authgear.authrequest.follow;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One entry of Authgear's audit log (authgear-server {@code pkg/lib/audit/log.go}).
 *
 * @param id the entry's own id, unique in a project
 * @param createdAt Unix seconds, taken by Authgear before the change was committed
 * @param activity the GraphQL name of the activity type, such as {@code USER_SIGNED_OUT}
 * @param user the id of the user that the entry is filed under; empty if it is filed under none
 * @param event the event as webhooks carry it: {@code id}, {@code seq}, {@code type}, {@code
 *     payload}, {@code context}
 */
record AuditEntry(String id, long createdAt, String activity, String user, JsonNode event) {}
