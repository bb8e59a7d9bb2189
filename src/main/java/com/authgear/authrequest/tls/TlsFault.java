package com.authgear.authrequest.tls;

/**
 * Why a file cannot be used. Shows nothing of what a key file holds.
 *
 * @param what continues a sentence whose subject is the file
 * @param remedy what to do or what is accepted
 */
public record TlsFault(Role file, String what, String remedy) {

  /** What a file is for. */
  public enum Role {
    CERTIFICATE,
    KEY,
    CLIENT_CA
  }
}
