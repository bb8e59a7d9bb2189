package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.Setting.Default;
import com.authgear.authrequest.settings.Setting.Otherwise;
import com.authgear.authrequest.settings.Setting.Required;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The settings of the command {@code follow}, in the order in which users see them: its own, then
 * those that mean the same for the service.
 */
final class FollowTable {

  private final SettingsTable service = new SettingsTable();
  private final List<Setting<?>> own = new ArrayList<>();

  final Setting<URI> adminApiUrl =
      add(
          "ADMIN_API_URL",
          ValueFormat.baseUrl(),
          new Required(),
          "Where to connect to Authgear's Admin API; `/graphql` is added",
          "http://authgear-admin.auth.svc:3002",
          false);

  final Setting<String> adminApiAppId =
      add(
          "ADMIN_API_APP_ID",
          ValueFormat.word(),
          new Required(),
          "The project's app id, the `aud` of the tokens that the Admin API asks for",
          "my-project",
          false);

  final Setting<String> adminApiKeyId =
      add(
          "ADMIN_API_KEY_ID",
          ValueFormat.word(),
          new Otherwise("the `kid` of AUTHGEAR_ADMIN_API_KEY, if that is a JWK"),
          "The id of the project's Admin API key",
          "2ab0d67c-9bc1-4f4f-9c5e-0c8f1fd4a3b1",
          false);

  final Setting<AdminApiKey> adminApiKey =
      add(
          "ADMIN_API_KEY",
          new ValueFormat<>("private RSA key, PEM or JWK", AdminApiKeys::parse),
          new Required(),
          "The project's Admin API key, which has full rights over the project; give it to this"
              + " command only",
          "-----BEGIN PRIVATE KEY-----...",
          true);

  final Setting<Duration> interval =
      add(
          "FOLLOW_INTERVAL",
          ValueFormat.duration("100ms", "1m"),
          new Default("1s"),
          "How often the audit log is read",
          "500ms",
          false);

  final Setting<Duration> overlap =
      add(
          "FOLLOW_OVERLAP",
          ValueFormat.duration("5s", "1h"),
          new Default("60s"),
          "How late an entry of the audit log may appear",
          "5m",
          false);

  final Setting<List<URI>> targets =
      add(
          "FOLLOW_TARGETS",
          ValueFormat.origins(),
          new Otherwise("none; AUTHGEAR_REDIS_URL tells the services"),
          "The services to tell, comma-separated; all addresses of a name are told",
          "http://authgear-auth.auth.svc:8080",
          false);

  final Setting<Boolean> rolesRefuse =
      add(
          "FOLLOW_ROLES_REFUSE",
          ValueFormat.flag(),
          new Default("false"),
          "Whether a change of roles ends a user's older tokens where the service has"
              + " AUTHGEAR_MODE=jwt, as a logout does; elsewhere the resolver says the new roles",
          "true",
          false);

  final Setting<URI> endpoint = service.endpoint;
  final Setting<Boolean> allowHttp = service.allowHttp;
  final Setting<Secret> redisUrl = service.redisUrl;
  final Setting<Secret> secret = service.followSecret;
  final Setting<ListenAddress> managementListen = service.managementListen;
  final Setting<LogFormat> logFormat = service.logFormat;
  final Setting<LogLevel> logLevel = service.logLevel;

  /** All that this command reads. */
  List<Setting<?>> all() {
    List<Setting<?>> all = new ArrayList<>(List.of(endpoint));
    all.addAll(own);
    all.addAll(List.of(secret, redisUrl, allowHttp, managementListen, logFormat, logLevel));
    return all;
  }

  /** Those that only this command reads. */
  List<Setting<?>> own() {
    return List.copyOf(own);
  }

  private <T> Setting<T> add(
      String name,
      ValueFormat<T> format,
      Setting.Absence absence,
      String description,
      String example,
      boolean isSecret) {
    Setting<T> setting =
        new Setting<>(SettingsTable.PREFIX + name, format, absence, description, example, isSecret);
    own.add(setting);
    return setting;
  }
}
