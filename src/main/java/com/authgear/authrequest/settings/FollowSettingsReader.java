package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.FollowSettings.AdminApi;
import com.authgear.authrequest.settings.FollowSettings.Log;
import com.authgear.authrequest.settings.FollowSettings.Tell;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Makes {@link FollowSettings} of environment variables. */
public final class FollowSettingsReader {

  private static final String GRAPHQL = "/graphql";

  private FollowSettingsReader() {}

  /** What an environment amounts to. */
  public sealed interface FollowSettingsResult {}

  /** Every setting is sound. */
  public record Accepted(FollowSettings settings) implements FollowSettingsResult {}

  /**
   * The command must not start.
   *
   * @param problems all that is wrong, at least one
   */
  public record Refused(List<Problem> problems) implements FollowSettingsResult {
    public Refused {
      problems = List.copyOf(problems);
    }

    /** All problems as text for an operator; several lines, the last one ended too. */
    public String report() {
      return Problem.report(problems);
    }
  }

  /**
   * Reads every setting, from files too where {@code <KEY>_FILE} names one. Settings of the service
   * that this command does not read may be there, so that both can share a file.
   */
  public static FollowSettingsResult read(Map<String, String> environment) {
    FollowTable table = new FollowTable();
    Values values = Values.read(table.all(), new SettingsTable().all(), environment);
    List<Problem> problems = new ArrayList<>(values.problems());
    problems.addAll(contradictions(table, values));
    return problems.isEmpty() ? new Accepted(settings(table, values)) : new Refused(problems);
  }

  private static List<Problem> contradictions(FollowTable table, Values values) {
    List<Problem> problems = new ArrayList<>();
    SettingsReader.unencrypted(table.endpoint, table.allowHttp, values).ifPresent(problems::add);
    SettingsReader.unencrypted(table.adminApiUrl, table.allowHttp, values).ifPresent(problems::add);
    if (!values.isSet(table.adminApiKeyId)
        && values.get(table.adminApiKey).map(key -> key.id().isEmpty()).orElse(false)) {
      problems.add(
          new Problem(
              table.adminApiKeyId.key(),
              "is missing, and " + table.adminApiKey.key() + " does not name its key",
              "set it to the key's id, which Authgear's portal shows next to the key"));
    }
    if (!values.isSet(table.redisUrl) && !values.isSet(table.targets)) {
      problems.add(
          new Problem(
              table.targets.key(),
              "is missing, and so is " + table.redisUrl.key() + ": no replica would be told",
              "set one of them, or both"));
    }
    if (values.isSet(table.targets) && !values.isSet(table.secret)) {
      problems.add(
          new Problem(
              table.secret.key(),
              "is missing; services take nothing that is not signed with it",
              "set it to the same text here and in the services"));
    }
    return problems;
  }

  private static FollowSettings settings(FollowTable table, Values values) {
    AdminApiKey key = values.get(table.adminApiKey).orElseThrow();
    return new FollowSettings(
        values.get(table.endpoint).orElseThrow(),
        new AdminApi(
            graphql(values.get(table.adminApiUrl).orElseThrow()),
            values.get(table.adminApiAppId).orElseThrow(),
            values.get(table.adminApiKeyId).orElse(key.id()),
            key),
        values.get(table.interval).orElseThrow(),
        values.get(table.overlap).orElseThrow(),
        values.get(table.rolesRefuse).orElseThrow(),
        new Tell(
            values.get(table.redisUrl),
            values.get(table.targets).orElse(List.of()),
            values.get(table.secret).orElse(null)),
        values.get(table.managementListen).orElseThrow(),
        new Log(
            values.get(table.logFormat).orElseThrow(), values.get(table.logLevel).orElseThrow()));
  }

  private static URI graphql(URI url) {
    String text = url.toString();
    text = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    return URI.create(text.endsWith(GRAPHQL) ? text : text + GRAPHQL);
  }

  /** The settings for {@code follow --help}; several lines, the last one ended too. */
  public static String help() {
    return SettingsText.help(new FollowTable().all());
  }

  /** The settings for the docs: a Markdown table, its last line not ended. */
  public static String markdownTable() {
    return SettingsText.plainTable(new FollowTable().own());
  }
}
