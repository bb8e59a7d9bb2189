package com.authgear.authrequest.bench;

import java.util.List;
import java.util.Locale;

/** Horizontal bars as SVG: the median, and a line from the smallest to the largest value. */
final class Chart {

  record Bar(String label, double low, double median, double high) {}

  private static final int WIDTH = 860;
  private static final int LABELS = 330;
  private static final int ROW = 24;

  private Chart() {}

  static String svg(String title, String unit, List<Bar> bars) {
    double most = bars.stream().mapToDouble(Bar::high).max().orElse(1);
    double scale = (WIDTH - LABELS - 90) / Math.max(most, 1e-9);
    StringBuilder svg = new StringBuilder();
    int height = 44 + bars.size() * ROW + 10;
    line(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
            + " font-family=\"sans-serif\" font-size=\"13\">",
        WIDTH,
        height);
    line(svg, "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>");
    line(svg, "<text x=\"10\" y=\"24\" font-size=\"16\">%s</text>", escape(title));
    int y = 44;
    for (Bar bar : bars) {
      String color = bar.label.startsWith("this service") ? "#2166ac" : "#b2b2b2";
      line(
          svg,
          "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>",
          LABELS - 8,
          y + 14,
          escape(bar.label));
      line(
          svg,
          "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
          LABELS,
          y + 2,
          bar.median * scale,
          ROW - 8,
          color);
      line(
          svg,
          "<path d=\"M%.1f %d H%.1f\" stroke=\"#222\" stroke-width=\"2\"/>",
          LABELS + bar.low * scale,
          y + 10,
          LABELS + bar.high * scale);
      line(
          svg,
          "<text x=\"%.1f\" y=\"%d\">%,.0f %s</text>",
          LABELS + bar.high * scale + 6,
          y + 14,
          bar.median,
          escape(unit));
      y += ROW;
    }
    return svg.append("</svg>\n").toString();
  }

  private static void line(StringBuilder svg, String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }
}
