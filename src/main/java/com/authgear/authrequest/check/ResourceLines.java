package com.authgear.authrequest.check;

import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.Resource;
import com.authgear.authrequest.requirement.Rule;
import com.authgear.authrequest.requirement.Rule.Attribute;
import com.authgear.authrequest.requirement.Rule.MaxAge;
import com.authgear.authrequest.requirement.Rule.OneOf;
import com.authgear.authrequest.settings.Settings;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What OAuth clients such as those of MCP stumble over in the settings, although each setting is
 * sound: the resources, and the audiences that Authgear writes into no token.
 */
final class ResourceLines {

  private final Settings settings;
  private final List<CheckResult> lines = new ArrayList<>();

  private ResourceLines(Settings settings) {
    this.settings = settings;
  }

  static List<CheckResult> of(Settings settings) {
    ResourceLines lines = new ResourceLines(settings);
    lines.global();
    new TreeMap<>(settings.protection().policies()).forEach(lines::policy);
    return List.copyOf(lines.lines);
  }

  private void global() {
    URI resource = settings.protection().resource();
    if (resource != null) {
      resource("AUTHGEAR_RESOURCE", resource);
      if (!settings.tokens().audiences().contains(resource.toString())) {
        lines.add(
            CheckResult.warning(
                "audience",
                "AUTHGEAR_AUDIENCE does not name AUTHGEAR_RESOURCE, so a client that asks for a"
                    + " token as its description says is refused",
                "add " + resource + " to AUTHGEAR_AUDIENCE, or leave AUTHGEAR_AUDIENCE out"));
      }
    }
    settings.tokens().audiences().forEach(audience -> audience("AUTHGEAR_AUDIENCE", audience));
  }

  private void policy(String name, Requirement requirement) {
    String key = "AUTHGEAR_POLICY_" + name.toUpperCase(Locale.ROOT);
    Resource own = requirement.resource();
    if (own != null) {
      resource(key, own.id());
      if (requirement.rules().stream().anyMatch(MaxAge.class::isInstance)) {
        lines.add(
            CheckResult.warning(
                "resource",
                key
                    + " has a resource and max_age: a refreshed token keeps the time of the login,"
                    + " and clients of MCP know no max_age, so they are shut out when it is over",
                "leave max_age out there, or leave the resource out"));
      }
    }
    List<OneOf> choices = requirement.rules().stream().flatMap(ResourceLines::audiences).toList();
    choices.forEach(choice -> choice.values().forEach(audience -> audience(key, audience)));
    if (choices.size() > 1
        && choices.getFirst().values().stream()
            .noneMatch(one -> choices.stream().allMatch(c -> c.values().contains(one)))) {
      lines.add(
          CheckResult.warning(
              "audience",
              key + " requires several audiences at once; a token of Authgear names one",
              "write alternatives with a comma: audience=a,b"));
    }
  }

  private static Stream<OneOf> audiences(Rule rule) {
    return rule instanceof OneOf oneOf && oneOf.attribute() == Attribute.AUDIENCE
        ? Stream.of(oneOf)
        : Stream.empty();
  }

  private void resource(String key, URI resource) {
    String text = key + " has the resource " + resource;
    if (resource.getScheme().equals("http")) {
      lines.add(
          CheckResult.warning(
              "resource",
              text + ", and Authgear takes https only",
              "use https; only the sandbox takes http"));
    }
    if (resource.toString().endsWith("/")) {
      lines.add(
          CheckResult.warning(
              "resource",
              text + ", whose slash at the end clients of MCP do not have in their URL and refuse",
              "leave the slash out, here and in Authgear's portal"));
    } else if (lines.stream().noneMatch(line -> line.text().startsWith(text))) {
      lines.add(CheckResult.ok("resource", text));
    }
  }

  /** A token names the project's origin, or a resource: Authgear takes https URLs as such. */
  private void audience(String key, String audience) {
    if (audience.equals(settings.project().endpoint().toString())
        || audience.equals(String.valueOf(settings.protection().resource()))) {
      return;
    }
    boolean possible;
    try {
      URI url = new URI(audience);
      possible =
          "https".equals(url.getScheme()) && url.getHost() != null && url.getRawFragment() == null;
    } catch (URISyntaxException _) {
      possible = false;
    }
    String origin = settings.project().endpoint() + "/";
    if (audience.equals(origin)) {
      lines.add(
          CheckResult.warning(
              "audience",
              key + " names " + audience + ", and tokens name it without the slash",
              "leave the slash out"));
    } else if (!possible) {
      lines.add(
          CheckResult.warning(
              "audience",
              key
                  + " names "
                  + Printable.text(audience)
                  + ", which no token of Authgear has in aud",
              "name AUTHGEAR_ENDPOINT, or a resource as it stands in Authgear's portal: an https"
                  + " URL"));
    }
  }
}
