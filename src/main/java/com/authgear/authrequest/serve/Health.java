package com.authgear.authrequest.serve;

import com.authgear.authrequest.settings.ListenAddress;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.ManagementAt;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.Map;

/** The command {@code health}: for a container's health check, which has no shell and no curl. */
public final class Health {

  private static final int TIMEOUT_MILLIS = 2000;

  private Health() {}

  /** Returns if the service is alive. */
  public static void check(Map<String, String> environment) throws IOException {
    switch (SettingsReader.managementListen(environment)) {
      case Refused refused -> throw new IOException(refused.report());
      case ManagementAt(ListenAddress address) -> ask(address, "/healthz");
    }
  }

  /**
   * Returns if something alive listens there.
   *
   * @param path which answers 200 as long as it is alive
   */
  public static void ask(ListenAddress at, String path) throws IOException {
    String host = at.host();
    String reachable = host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host;
    URI url = URI.create("http://" + new ListenAddress(reachable, at.port()) + path);
    int status;
    try {
      HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
      connection.setConnectTimeout(TIMEOUT_MILLIS);
      connection.setReadTimeout(TIMEOUT_MILLIS);
      status = connection.getResponseCode();
    } catch (IOException e) {
      throw new IOException("not alive: no answer from " + url + ": " + e.getMessage(), e);
    }
    if (status != 200) {
      throw new IOException("not alive: " + url + " answers " + status);
    }
  }
}
