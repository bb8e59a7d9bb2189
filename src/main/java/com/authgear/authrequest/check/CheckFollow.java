package com.authgear.authrequest.check;

import com.authgear.authrequest.follow.FollowProbe;
import com.authgear.authrequest.follow.FollowProbe.Accepted;
import com.authgear.authrequest.follow.FollowProbe.Unusable;
import com.authgear.authrequest.settings.FollowSettings;
import com.authgear.authrequest.settings.FollowSettingsReader;
import com.authgear.authrequest.settings.Problem;
import java.io.PrintStream;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The command {@code check follow}. */
public final class CheckFollow {
  public static final String USAGE =
      """
      java -jar authgear-auth-request.jar check follow [--json]

        Tries what the command follow depends on, with the settings in the environment: the Admin
        API and its key, both clocks, whether the audit log is written, Redis, and each address of
        AUTHGEAR_FOLLOW_TARGETS. It says what it saw and how to fix what is wrong, and never shows
        the key or a secret. It changes nothing.

        --json    one JSON document, for machines

      Exit status: 0 nothing failed; 1 something failed; 2 the arguments are wrong.
      """;

  private static final int USAGE_ERROR = 2;
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration CLOCKS_TOGETHER = Duration.ofSeconds(3);
  private static final int LONGEST_LIST = 5;

  private static final List<String> IDS =
      List.of("admin_api", "clock", "audit_log", "audit_log_types", "redis", "targets");

  private CheckFollow() {}

  /**
   * @param arguments what follows {@code check follow}
   * @param out takes UTF-8
   * @return the exit status
   */
  public static int run(
      List<String> arguments,
      Map<String, String> environment,
      InstantSource clock,
      PrintStream out,
      PrintStream err) {
    if (arguments.equals(List.of("--help"))) {
      out.print(USAGE);
      return 0;
    }
    boolean json = arguments.equals(List.of("--json"));
    if (!json && !arguments.isEmpty()) {
      String argument =
          arguments.getFirst().equals("--json") ? arguments.get(1) : arguments.getFirst();
      err.println("check follow: " + Arguments.unknown(argument));
      err.println();
      err.print(USAGE);
      return USAGE_ERROR;
    }
    CheckReport report = new CheckReport(look(environment, clock), null);
    out.print(json ? report.json() : report.text());
    return report.isGood() ? 0 : 1;
  }

  private static List<CheckResult> look(Map<String, String> environment, InstantSource clock) {
    return switch (FollowSettingsReader.read(environment)) {
      case FollowSettingsReader.Refused refused -> {
        List<CheckResult> lines = new ArrayList<>();
        for (Problem problem : refused.problems()) {
          lines.add(
              CheckResult.failed(
                  "settings", problem.key() + ": " + problem.fault(), problem.remedy()));
        }
        IDS.forEach(id -> lines.add(CheckResult.notTried(id, "settings failed")));
        yield lines;
      }
      case FollowSettingsReader.Accepted accepted -> look(accepted.settings(), clock);
    };
  }

  private static List<CheckResult> look(FollowSettings settings, InstantSource clock) {
    List<CheckResult> lines = new ArrayList<>();
    FollowSettings.AdminApi at = settings.adminApi();
    String who = "the key " + at.keyId() + " of the app " + at.appId();
    lines.add(CheckResult.ok("settings", at.graphql() + " is asked with " + who));
    switch (FollowProbe.ask(settings, TIMEOUT, clock)) {
      case Unusable(String advice) -> {
        int colon = advice.indexOf(": check ");
        lines.add(
            colon < 0
                ? CheckResult.failed("admin_api", Printable.text(advice), "see whether it runs")
                : CheckResult.failed(
                    "admin_api",
                    Printable.text(advice.substring(0, colon)),
                    Printable.text(advice.substring(colon + 2))));
        for (String id : List.of("clock", "audit_log", "audit_log_types")) {
          lines.add(CheckResult.notTried(id, "admin_api failed"));
        }
      }
      case Accepted accepted -> {
        lines.add(CheckResult.ok("admin_api", at.graphql() + " accepts " + who));
        lines.add(clock(accepted.ahead()));
        lines.add(log(accepted, clock.instant().plus(accepted.ahead())));
        lines.add(types(accepted.unknownTypes()));
      }
    }
    lines.add(DependencyChecks.redis(settings.tell().redisUrl(), settings.endpoint()));
    lines.addAll(targets(settings, clock));
    return lines;
  }

  private static CheckResult clock(Duration ahead) {
    String text =
        ahead.abs().compareTo(Duration.ofSeconds(1)) <= 0
            ? "Authgear's clock and this one are together"
            : "Authgear's clock is "
                + Printable.span(ahead)
                + (ahead.isNegative() ? " behind this one" : " ahead of this one");
    return ahead.abs().compareTo(CLOCKS_TOGETHER) <= 0
        ? CheckResult.ok("clock", text)
        : CheckResult.warning(
            "clock",
            text,
            "set both by NTP: services take a heartbeat for as old as its time says, and a token"
                + " for as old as Authgear's");
  }

  private static CheckResult log(Accepted accepted, Instant now) {
    Instant newest = accepted.newestAt();
    if (newest == null) {
      return CheckResult.warning(
          "audit_log",
          "no entry of the last " + FollowProbe.LOOK_BACK.toDays() + " days",
          "sign in once and check again; if there is still none, Authgear writes no audit log, and"
              + " follow would promise what it cannot see: set Authgear's audit database");
    }
    return CheckResult.ok(
        "audit_log",
        (accepted.isFull() ? "at least " : "")
            + accepted.entries()
            + (accepted.entries() == 1 ? " entry" : " entries")
            + " of the last "
            + FollowProbe.LOOK_BACK.toDays()
            + " days, the newest "
            + Printable.text(accepted.newestType())
            + " "
            + Printable.span(Duration.between(newest, now))
            + " ago");
  }

  private static CheckResult types(List<String> unknown) {
    return unknown.isEmpty()
        ? CheckResult.ok("audit_log_types", "this version knows every type of entry")
        : CheckResult.warning(
            "audit_log_types",
            "this version does not know "
                + Printable.text(
                    String.join(", ", unknown.subList(0, Math.min(LONGEST_LIST, unknown.size()))))
                + (unknown.size() > LONGEST_LIST
                    ? " and " + (unknown.size() - LONGEST_LIST) + " more"
                    : ""),
            "look for a newer version; until then users whom such an entry names are confirmed, and"
                + " everyone where a mutation names nobody");
  }

  private static List<CheckResult> targets(FollowSettings settings, InstantSource clock) {
    if (settings.tell().targets().isEmpty()) {
      return List.of(
          CheckResult.skipped("targets", "not used: AUTHGEAR_FOLLOW_TARGETS is not set"));
    }
    return FollowProbe.tell(settings, TIMEOUT, clock).stream().map(CheckFollow::target).toList();
  }

  private static CheckResult target(FollowProbe.Target told) {
    InetAddress address = told.address();
    String where = told.target() + (address == null ? "" : " at " + address.getHostAddress());
    if (told.fault().isEmpty()) {
      return CheckResult.ok("targets", where + " takes what is told");
    }
    int colon = told.fault().indexOf(": ");
    return CheckResult.failed(
        "targets",
        where + ": " + Printable.text(told.fault().substring(0, colon)),
        Printable.text(told.fault().substring(colon + 2)));
  }
}
