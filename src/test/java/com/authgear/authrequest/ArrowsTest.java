package com.authgear.authrequest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which package may know which. */
class ArrowsTest {
  private static final String OURS = "com.authgear.authrequest.";

  /** Where this class is; the classes to look at are not there. */
  private static final String TESTS =
      ArrowsTest.class.getProtectionDomain().getCodeSource().getLocation().toString();

  private static final Set<String> LEAVES =
      Set.of("credential", "principal", "bearer", "requirement", "trace", "tls", "text", "redis");

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(location -> !location.asURI().toString().startsWith(TESTS))
          .importPackages("com.authgear.authrequest");

  private void mayUse(String name, Set<String> allowed) {
    String[] forbidden =
        Stream.of(
                "settings",
                "credential",
                "principal",
                "bearer",
                "requirement",
                "trace",
                "redis",
                "verify",
                "policy",
                "http",
                "telemetry",
                "follow",
                "sandbox",
                "demo",
                "serve",
                "text",
                "tls",
                "check")
            .filter(other -> !other.equals(name) && !allowed.contains(other))
            .map(other -> OURS + other + "..")
            .toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage(OURS + name + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(forbidden)
        .check(classes);
  }

  private void onlyIn(String library, String... places) {
    String[] allowed =
        Stream.of(places)
            .map(place -> place.isEmpty() ? "com.authgear.authrequest" : OURS + place)
            .toArray(String[]::new);
    noClasses()
        .that()
        .resideOutsideOfPackages(allowed)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(classes);
  }

  @Test
  void settings_knowOnlyLeaves() {
    mayUse("settings", LEAVES);
  }

  @Test
  void leaves_knowNoOtherPackage_butRulesThePrincipalAndTheRefusal() {
    for (String leaf : LEAVES) {
      mayUse(
          leaf,
          leaf.equals("requirement") ? Set.of("principal", "bearer", "text") : Set.of("text"));
    }
  }

  @Test
  void verifyAndSandbox_knowOnlyLeaves() {
    mayUse("verify", LEAVES);
    mayUse("sandbox", LEAVES);
  }

  @Test
  void telemetry_listensToWhatItMeasures() {
    mayUse(
        "telemetry",
        Set.of("text", "settings", "principal", "bearer", "trace", "tls", "verify", "http"));
  }

  @Test
  void policy_knowsLeavesAndVerification() {
    mayUse("policy", Set.of("text", "credential", "principal", "bearer", "requirement", "verify"));
  }

  @Test
  void http_knowsNeitherSettingsNorSandbox() {
    mayUse(
        "http",
        Set.of(
            "text",
            "credential",
            "principal",
            "bearer",
            "requirement",
            "trace",
            "verify",
            "policy"));
  }

  @Test
  void checkOfNginx_knowsOnlyThePrincipal() {
    mayUse("check.nginx", Set.of("principal", "check"));
    noClasses()
        .that()
        .resideInAPackage(OURS + "check.nginx..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(OURS + "check")
        .check(classes);
  }

  @Test
  void check_knowsWhatDecidesButNotHowItIsServed() {
    mayUse(
        "check",
        Set.of(
            "text",
            "settings",
            "credential",
            "principal",
            "bearer",
            "requirement",
            "verify",
            "policy",
            "http",
            "trace",
            "tls",
            "serve",
            "follow"));
  }

  @Test
  void serve_putsTogetherWhatKnowsNothingOfIt() {
    mayUse(
        "serve",
        Set.of(
            "text",
            "settings",
            "credential",
            "principal",
            "bearer",
            "requirement",
            "trace",
            "verify",
            "policy",
            "http",
            "telemetry",
            "tls"));
  }

  @Test
  void packages_haveNoCycles() {
    slices()
        .assignedFrom(
            new SliceAssignment() {
              @Override
              public SliceIdentifier getIdentifierOf(JavaClass type) {
                return SliceIdentifier.of(type.getPackageName());
              }

              @Override
              public String getDescription() {
                return "packages";
              }
            })
        .should()
        .beFreeOfCycles()
        .check(classes);
  }

  @Test
  void productionJar_dependsOnNothingOfTheSandboxJar() {
    noClasses()
        .that()
        .resideOutsideOfPackages(OURS + "sandbox..", OURS + "demo..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(OURS + "sandbox..", OURS + "demo..")
        .check(classes);
  }

  @Test
  void follow_knowsMarksAndHowServicesAreTold() {
    mayUse("follow", Set.of("text", "settings", "verify", "http"));
  }

  @Test
  void libraries_stayWhereTheyBelong() {
    onlyIn("com.nimbusds..", "verify.jwt..", "follow..");
    onlyIn("okhttp3..", "verify..", "sandbox..", "follow..");
    onlyIn("redis.clients..", "verify.changes..");
    onlyIn("io.opentelemetry..", "telemetry.otlp..");
    onlyIn("io.javalin..", "http..", "sandbox..", "follow..", "serve..");
    onlyIn("org.eclipse.jetty.server.internal..", "http.jetty..");
    onlyIn("org.eclipse.jetty..", "http..", "sandbox..", "serve..");
  }
}
