package com.authgear.authrequest.settings;

import java.security.PrivateKey;

/**
 * The private key of Authgear's Admin API.
 *
 * @param id its {@code kid}; empty if the setting does not name it, as a PEM file does not
 * @param key an RSA key
 */
public record AdminApiKey(String id, PrivateKey key) {
  @Override
  public String toString() {
    return "(not shown)";
  }
}
