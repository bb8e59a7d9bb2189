package com.authgear.authrequest.principal;

/**
 * A claim that backends are told about in addition to the identity headers.
 *
 * @param claim the name of a top-level claim, such as {@code email} or {@code https://a.example/b}
 * @param header the field name, in lower case; no identity header
 */
public record ClaimHeader(String claim, String header) {}
