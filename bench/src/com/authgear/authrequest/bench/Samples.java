package com.authgear.authrequest.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the turns saw, by the name of what was measured; the n-th value is of the n-th round. */
final class Samples {

  /** Median and ends of some values. */
  record Spread(double low, double median, double high) {}

  private final Map<String, List<Double>> values = new LinkedHashMap<>();

  void add(String name, double value) {
    values.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  Iterable<String> names() {
    return values.keySet();
  }

  Spread of(String name) {
    return spread(values.get(name).stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** Of one against another in the same round. */
  Spread ratio(String name, String to) {
    List<Double> above = values.get(name);
    List<Double> below = values.get(to);
    double[] ratios = new double[Math.min(above.size(), below.size())];
    Arrays.setAll(ratios, i -> above.get(i) / below.get(i));
    return spread(ratios);
  }

  private static Spread spread(double[] unsorted) {
    double[] sorted = unsorted.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(sorted[0], median, sorted[sorted.length - 1]);
  }
}
