package com.authgear.authrequest.requirement;

import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.requirement.Rule.Attribute;
import com.authgear.authrequest.requirement.Rule.IsVerified;
import com.authgear.authrequest.requirement.Rule.MaxAge;
import com.authgear.authrequest.requirement.Rule.NotAnonymous;
import com.authgear.authrequest.requirement.Rule.OneOf;
import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import com.authgear.authrequest.support.PrincipalBuilder;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;

/** Requirements of every shape, of a few values so that they meet, with awkward characters. */
public final class RandomRequirements {

  /** What principals may hold too. */
  public static final List<String> VALUES =
      List.of("a", "b", "a%2C", "x&y=z", "p+q", "https://a.example/?c=d#e", "!");

  private RandomRequirements() {}

  public static Requirement next(Random random) {
    List<Rule> rules = new ArrayList<>();
    Resource resource = random.nextInt(3) == 0 ? resource(random) : null;
    for (Attribute attribute : Attribute.values()) {
      if (resource != null && attribute == Attribute.AUDIENCE) {
        continue;
      }
      for (int i = random.nextInt(5) - 2; i > 0; i--) {
        rules.add(OneOf.of(attribute, values(random)));
      }
    }
    if (random.nextInt(4) == 0) {
      rules.add(new IsVerified());
    }
    if (random.nextInt(4) == 0) {
      rules.add(new NotAnonymous());
    }
    if (random.nextInt(3) == 0) {
      rules.add(new MaxAge(random.nextInt(600)));
    }
    rules.add(List.of(PrincipalIs.values()).get(random.nextInt(3)));
    return new Requirement(rules, random.nextInt(4) == 0, resource);
  }

  private static Resource resource(Random random) {
    return new Resource(
        URI.create(List.of("https://a.example", "https://a.example/x,y+z").get(random.nextInt(2))),
        random.nextBoolean() ? null : "Caf\u00e9 & tools = 100% + more",
        random.nextBoolean() ? null : URI.create("https://a.example/?b=c&d=%20#e"));
  }

  public static List<String> values(Random random) {
    return IntStream.rangeClosed(0, random.nextInt(3))
        .mapToObj(_ -> VALUES.get(random.nextInt(VALUES.size())))
        .toList();
  }

  /**
   * Somebody about whom something is known, or not.
   *
   * @param now Unix seconds
   */
  public static Principal principal(Random random, long now) {
    boolean user = random.nextBoolean();
    return PrincipalBuilder.of(user ? Kind.USER : Kind.CLIENT, user ? "u" : "")
        .anonymous(random.nextBoolean() ? null : random.nextBoolean())
        .verified(random.nextBoolean() ? null : random.nextBoolean())
        .roles(values(random))
        .amr(values(random))
        .authTime(
            random.nextBoolean()
                ? OptionalLong.empty()
                : OptionalLong.of(now - random.nextInt(600)))
        .clientId(random.nextInt(4) == 0 ? "" : VALUES.get(random.nextInt(3)))
        .scopes(values(random))
        .audiences(random.nextBoolean() ? List.of("https://project") : values(random))
        .build();
  }
}
