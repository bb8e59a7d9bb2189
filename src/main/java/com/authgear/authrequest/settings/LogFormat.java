package com.authgear.authrequest.settings;

/** How a log line looks. */
public enum LogFormat {
  JSON,
  TEXT
}
