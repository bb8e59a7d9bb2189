package com.authgear.authrequest.telemetry;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Prometheus' text format 0.0.4, as far as it is used here.
 *
 * @param types by metric name
 * @param helps by metric name
 * @param samples values by series, written {@code name{a="1",b="2"}} with sorted labels
 */
record Exposition(
    Map<String, String> types, Map<String, String> helps, Map<String, Double> samples) {

  private static final Pattern SAMPLE = Pattern.compile("([a-z_0-9]+)(?:\\{(.*)\\})? (\\S+)");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"([^\"]*)\",?");

  static Exposition parse(String text) {
    Exposition parsed = new Exposition(new TreeMap<>(), new TreeMap<>(), new LinkedHashMap<>());
    for (String line : text.lines().toList()) {
      if (line.startsWith("# HELP ")) {
        String[] parts = line.split(" ", 4);
        parsed.helps.put(parts[2], parts[3]);
      } else if (line.startsWith("# TYPE ")) {
        String[] parts = line.split(" ", 4);
        parsed.types.put(parts[2], parts[3]);
      } else {
        Matcher sample = SAMPLE.matcher(line);
        if (!sample.matches()) {
          throw new AssertionError("not a sample: " + line);
        }
        String series = sample.group(1);
        if (sample.group(2) != null) {
          series += "{" + String.join(",", sortedLabels(sample.group(2))) + "}";
        }
        String value = sample.group(3).replace("+Inf", "Infinity");
        if (parsed.samples.put(series, Double.valueOf(value)) != null) {
          throw new AssertionError("twice: " + series);
        }
      }
    }
    return parsed;
  }

  /** Labels by name. */
  static Map<String, String> labels(String series) {
    Map<String, String> labels = new TreeMap<>();
    int brace = series.indexOf('{');
    if (brace >= 0) {
      Matcher label = LABEL.matcher(series.substring(brace + 1, series.length() - 1));
      while (label.find()) {
        labels.put(label.group(1), label.group(2));
      }
    }
    return labels;
  }

  double value(String series) {
    Double value = samples.get(series);
    if (value == null) {
      throw new AssertionError("no series " + series);
    }
    return value;
  }

  /** The series of one name, in any order. */
  Map<String, Double> named(String name) {
    Map<String, Double> named = new TreeMap<>();
    samples.forEach(
        (series, value) -> {
          if (series.equals(name) || series.startsWith(name + "{")) {
            named.put(series, value);
          }
        });
    return named;
  }

  private static TreeSet<String> sortedLabels(String text) {
    TreeSet<String> sorted = new TreeSet<>();
    Matcher label = LABEL.matcher(text);
    while (label.find()) {
      sorted.add(label.group(1) + "=\"" + label.group(2) + "\"");
    }
    return sorted;
  }
}
