package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.ParsedValue.Valid;

/** Where proxies ask: over the network or through a file. */
public sealed interface Listen permits ListenAddress, SocketFile {

  static ParsedValue<Listen> parse(String text) {
    if (text.startsWith(SocketFile.SCHEME)) {
      return SocketFile.parse(text);
    }
    return switch (ListenAddress.parse(text)) {
      case Valid<ListenAddress>(ListenAddress address) -> new Valid<>(address);
      case ParsedValue.Invalid<ListenAddress>(String what, boolean quotable, String detail) ->
          new ParsedValue.Invalid<>(what, quotable, detail);
    };
  }
}
