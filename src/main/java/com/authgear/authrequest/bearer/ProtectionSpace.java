package com.authgear.authrequest.bearer;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * What every challenge says about where it comes from.
 *
 * @param realm RFC 9110 §11.5, printable ASCII without quote and backslash; null for none
 * @param resourceMetadata where the resource describes itself of which a location is a part that
 *     names none (RFC 9728 §5.1); null for none
 */
public record ProtectionSpace(@Nullable String realm, @Nullable URI resourceMetadata) {

  /** Challenges say nothing about it. */
  public static final ProtectionSpace UNNAMED = new ProtectionSpace(null, null);
}
