package com.authgear.authrequest.credential;

import java.util.List;

/** The header fields of a request. */
@FunctionalInterface
public interface RequestFields {

  /** Every value of a field, in the order in which they came; the name's case does not matter. */
  List<String> values(String name);
}
