package com.authgear.authrequest.requirement;

import com.authgear.authrequest.requirement.Requirement.Alternatives;
import com.authgear.authrequest.requirement.Requirement.PrincipalRule;
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
    return new Requirement(
        List.of(PrincipalRule.USER, PrincipalRule.CLIENT, PrincipalRule.ANY).get(random.nextInt(3)),
        lists(random),
        lists(random),
        lists(random),
        lists(random),
        lists(random),
        random.nextInt(4) == 0,
        random.nextInt(4) == 0,
        random.nextInt(3) == 0 ? OptionalLong.of(random.nextInt(600)) : OptionalLong.empty(),
        random.nextInt(4) == 0);
  }

  public static Alternatives alternatives(Random random) {
    return new Alternatives(
        IntStream.rangeClosed(0, random.nextInt(3))
            .mapToObj(_ -> VALUES.get(random.nextInt(VALUES.size())))
            .toList());
  }

  private static List<Alternatives> lists(Random random) {
    return IntStream.range(0, Math.max(0, random.nextInt(5) - 2))
        .mapToObj(_ -> alternatives(random))
        .toList();
  }
}
