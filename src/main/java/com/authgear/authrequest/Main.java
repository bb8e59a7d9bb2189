package com.authgear.authrequest;

/** Starts the service. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(args.length);
  }
}
