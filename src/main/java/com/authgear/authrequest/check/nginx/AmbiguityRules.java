package com.authgear.authrequest.check.nginx;

import com.authgear.authrequest.check.nginx.NginxModel.Walk;
import com.authgear.authrequest.check.nginx.RequestWalk.Arrival;
import com.authgear.authrequest.check.nginx.RequestWalk.AuthAnswer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Paths that nginx and a backend read differently. nginx picks the location by the cleaned path and
 * sends what the client wrote; where locations differ in what they need, one of them lets in what
 * another protects. Whether a server refuses such paths is tried, not read off its lines.
 */
final class AmbiguityRules {
  private static final int MOST_STRICTER = 4;

  /** By this the client's own spelling is recognised behind nginx. */
  private static final String TRACE = "qq8";

  private static final String FIX =
      "Take the folder authgear/ of this version, whose http.conf, server.conf and public.conf"
          + " refuse such paths, or in this server, where http.conf is included: if"
          + " ($authgear_ambiguous) { return 400; }";

  private final NginxModel model;
  private final Findings findings;

  AmbiguityRules(NginxModel model, Findings findings) {
    this.model = model;
    this.findings = findings;
  }

  void check() {
    for (Block server : model.http().servers()) {
      List<Block> entered = new ArrayList<>();
      server
          .allLocations()
          .filter(location -> model.isOpenToClients(location))
          .filter(location -> !BackendPass.of(location).isEmpty())
          .forEach(entered::add);
      if (entered.stream().map(model::need).distinct().count() > 1) {
        check(server, entered);
      }
    }
  }

  /** One finding for a server, with its first such path and all locations that take one. */
  private void check(Block server, List<Block> entered) {
    String why = "";
    for (Block way : entered) {
      Optional<String> path = wayAround(server, way, entered);
      if (path.isPresent()) {
        if (why.isEmpty()) {
          why = path.get();
        }
        findings.add(Hazard.AMBIGUOUS_PATHS, server.directive().place(), way, why, FIX);
      }
    }
  }

  /** What a path reaches past the locations that protect it. */
  private Optional<String> wayAround(Block server, Block way, List<Block> entered) {
    Set<String> tried = new HashSet<>();
    for (Block stricter : entered) {
      if (stricter.asks().isPresent()
          && !model.need(stricter).equals(model.need(way))
          && tried.size() < MOST_STRICTER
          && Backends.meet(backends(way), backends(stricter))
          && tried.add(model.need(stricter))) {
        Optional<String> path = wayAround(server, way, stricter);
        if (path.isPresent()) {
          return Optional.of(
              "Locations here differ in what they need, and nothing refuses paths that a backend"
                  + " may read otherwise than nginx: "
                  + path.get()
                  + " takes "
                  + way.title()
                  + ", and the backend may answer what "
                  + stricter.title()
                  + " protects.");
        }
      }
    }
    return Optional.empty();
  }

  private Set<String> backends(Block location) {
    Set<String> all = new HashSet<>();
    BackendPass.of(location).forEach(pass -> all.addAll(model.backends().of(pass)));
    return all;
  }

  private Optional<String> wayAround(Block server, Block way, Block stricter) {
    Optional<String> to = SamplePaths.of(stricter).stream().findFirst();
    Optional<String> through = SamplePaths.of(way).stream().findFirst();
    if (to.isEmpty() || through.isEmpty()) {
      return Optional.empty();
    }
    for (String path : samples(SamplePaths.encoded(through.get()), SamplePaths.encoded(to.get()))) {
      Optional<Walk> walk = model.walk(server, path, Map.of());
      if (walk.isPresent()
          && walk.get().arrivals().stream().anyMatch(a -> letsIn(a, way, stricter))) {
        return Optional.of(path);
      }
    }
    return Optional.empty();
  }

  private boolean letsIn(Arrival arrival, Block way, Block stricter) {
    return !arrival.errorPage()
        && arrival.answer() != AuthAnswer.REFUSED
        && arrival.sent().contains(TRACE)
        && arrival.place().equals(way)
        && Backends.meet(model.backends(arrival), backends(stricter))
        && arrival.allowedIn().stream()
            .noneMatch(in -> model.need(in).equals(model.need(stricter)));
  }

  /**
   * One path of each kind.
   *
   * @param through what the weaker location takes
   * @param to what the stricter one takes
   */
  static List<String> samples(String through, String to) {
    String target = to.endsWith("/") ? to.substring(0, to.length() - 1) : to;
    if (target.isEmpty()) {
      return List.of();
    }
    String folder = through.substring(0, through.lastIndexOf('/') + 1);
    String name = through.substring(through.lastIndexOf('/') + 1);
    String behind = target.substring(1) + "/" + TRACE;
    String traced = target + "/" + TRACE;
    String climb = "/..".repeat(slashes(target) + 1);
    String up = "../".repeat(slashes(folder) - 1);
    List<String> samples = new ArrayList<>();
    samples.add(traced + climb + through);
    samples.add(traced + climb.replace("..", "%2e%2e") + through);
    samples.add(traced + climb.replace("..", ".%2E") + through);
    samples.add(traced + climb.replace("/", "%2f") + through);
    samples.add("/" + folder + behind);
    samples.add("//a/" + behind);
    for (int slash = target.indexOf('/', 1); slash > 0; slash = target.indexOf('/', slash + 1)) {
      samples.add(target.substring(0, slash) + ";" + TRACE + target.substring(slash));
      samples.add(target.substring(0, slash) + "%3b" + TRACE + target.substring(slash));
    }
    samples.add(target + ";" + TRACE);
    samples.add(target + "%3B" + TRACE);
    samples.add(traced + ";" + name);
    samples.add(traced + "%3B" + name);
    samples.add(folder + up.replace("../", "..;/") + behind);
    samples.add(folder + ";/" + up + behind);
    samples.add(folder + up.replace("../", "..\\") + behind);
    samples.add(folder + up.replace("../", "..%5c") + behind);
    samples.add(folder + up.replace("../", "%252e%252e/") + behind);
    samples.add(through + "#/" + up + behind);
    return samples;
  }

  private static int slashes(String path) {
    return (int) path.chars().filter(letter -> letter == '/').count();
  }
}
