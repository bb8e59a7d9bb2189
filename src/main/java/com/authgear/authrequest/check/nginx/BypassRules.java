package com.authgear.authrequest.check.nginx;

import com.authgear.authrequest.check.nginx.NginxModel.Walk;
import com.authgear.authrequest.check.nginx.RequestWalk.Arrival;
import com.authgear.authrequest.check.nginx.RequestWalk.AuthAnswer;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Requests that nginx itself sends from a protected location to one that does not check them. */
final class BypassRules {
  private final NginxModel model;
  private final Findings findings;

  /** The backends that protected locations lead to. */
  private final Set<String> guarded;

  /** The error pages that serve whoever is refused. */
  private final Set<SourceLine> servedAnyway = new HashSet<>();

  /** Pairs of locations that were reported, whichever way leads from one to the other. */
  private final Set<List<Block>> open = new HashSet<>();

  BypassRules(NginxModel model, Set<String> guarded, Findings findings) {
    this.model = model;
    this.guarded = guarded;
    this.findings = findings;
  }

  void check() {
    for (Block location : model.locations()) {
      if (model.isProtected(location)) {
        for (Walk walk : model.walks(location)) {
          for (Arrival arrival : walk.arrivals()) {
            check(location, walk, arrival);
          }
        }
      }
    }
  }

  /** The lines that were reported, so that nothing milder is said about them. */
  Set<SourceLine> servedAnyway() {
    return servedAnyway;
  }

  private void check(Block entered, Walk walk, Arrival arrival) {
    @Nullable Block left = arrival.left();
    if (left != null
        && arrival.allowedIn().stream().noneMatch(in -> model.need(in).equals(model.need(left)))) {
      checkLeft(left, walk, arrival);
    }
    if (arrival.answer() == AuthAnswer.ALLOWED
        && arrival.allowedIn().contains(entered)
        && arrival.pass().isPresent()
        && arrival.place().asks().isEmpty()
        && model.isOpenToClients(arrival.place())
        && !walk.isErrorPage(arrival)
        && open.add(List.of(entered, arrival.place()))) {
      findings.add(
          Hazard.REDIRECT_TARGET_OPEN,
          arrival.place(),
          "Requests that "
              + entered.title()
              + " has checked are answered here ("
              + where(arrival.trail())
              + "), and whoever asks for this location directly is not checked.",
          "Check here too: include authgear/protect.conf. Or let only nginx come here: internal;");
    }
  }

  /** The location's check was passed by; that is no harm where the same page is for everyone. */
  private void checkLeft(Block left, Walk walk, Arrival arrival) {
    Optional<Directive> page =
        arrival.trail().stream().filter(line -> line.name().equals("error_page")).findFirst();
    if (page.isPresent()) {
      if (!walk.shows(arrival) || !isContentOf(left, arrival)) {
        return;
      }
    } else if (arrival.pass().isEmpty() || (!walk.shows(arrival) && !isAllOf(left, arrival))) {
      return;
    }
    Directive line = page.orElse(arrival.trail().getFirst());
    if (page.isPresent() && refuses(line)) {
      servedAnyway.add(line.place());
      findings.add(
          Hazard.DENIAL_SERVED_ANYWAY,
          line.place(),
          left,
          "Whoever is refused here is sent to "
              + arrival.place().title()
              + ", which "
              + (arrival.place().asks().isPresent() ? "requires something else" : "checks nobody")
              + " and asks the same backend.",
          "Let the error page answer by itself (return, or a static file).");
    } else {
      findings.add(
          Hazard.CHECK_SKIPPED,
          line.place(),
          left,
          "By this line requests leave before the service is asked, and "
              + arrival.place().title()
              + " answers them, which "
              + (arrival.place().asks().isPresent()
                  ? "requires something else."
                  : "checks nobody."),
          "Check there too: include authgear/protect.conf in "
              + arrival.place().title()
              + ". Or change the path without leaving: rewrite ... break;");
    }
  }

  private static boolean refuses(Directive line) {
    Set<Integer> codes = new ErrorPage(line).codes();
    return codes.contains(401) || codes.contains(403) || codes.contains(500);
  }

  /** Whether it shows what the location protects: its backend's, another's, or the same files. */
  private boolean isContentOf(Block left, Arrival arrival) {
    Set<String> others = model.backends(arrival);
    if (arrival.pass().isEmpty()) {
      return BackendPass.of(left).isEmpty()
          && RequestWalk.root(left).equals(RequestWalk.root(arrival.place()));
    }
    Set<String> own = new LinkedHashSet<>(guarded);
    BackendPass.of(left).forEach(pass -> own.addAll(model.backends().of(pass)));
    return Backends.meet(others, own);
  }

  /** Whether the location has a single page, and no request for it is ever checked. */
  private boolean isAllOf(Block left, Arrival arrival) {
    return left.modifier().equals("=")
        && !arrival.conditional()
        && model.walks(left).stream()
            .flatMap(walk -> walk.arrivals().stream())
            .noneMatch(other -> other.allowedIn().contains(left));
  }

  private static String where(List<Directive> trail) {
    return trail.isEmpty()
        ? "by nginx itself"
        : trail.getFirst().name() + ", " + trail.getFirst().place();
  }
}
