package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The part of the Admin API that reads the audit log, on a listener of its own (port 3002 in
 * Authgear): {@code POST /graphql} with the query {@code auditLogs}, and with the one for the types
 * that its entries have. It asks for a JWT that the project's Admin API key signed, makes pages of
 * 100 whatever is asked for, and its cursors are offsets. Source: authgear-server pkg/admin.
 */
final class AdminApiRoutes {

  static final String PATH = "/graphql";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PAGE = 100;
  private static final String CURSOR = "arrayconnection:";

  private static final Map<String, Object> TYPES =
      Map.of(
          "data",
          Map.of(
              "__type",
              Map.of(
                  "enumValues",
                  ActivityTypes.ALL.stream().map(name -> Map.of("name", name)).toList())));

  private final Sandbox sandbox;

  AdminApiRoutes(Sandbox sandbox) {
    this.sandbox = sandbox;
  }

  void register(RoutesConfig routes) {
    routes.post(PATH, this::answer);
  }

  private void answer(Context ctx) throws IOException {
    // The sandbox's time, which need not be this machine's.
    ctx.header(
        "Date",
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            sandbox.project().now().atOffset(ZoneOffset.UTC)));
    if (!isAuthorized(ctx.header("Authorization"))) {
      ctx.status(403).result("Forbidden\n");
      return;
    }
    JsonNode body = JSON.readTree(ctx.bodyAsBytes());
    JsonNode variables = body.path("variables");
    String query = body.path("query").asText("");
    if (query.contains("__type") && query.contains("AuditLogActivityType")) {
      ctx.json(TYPES);
      return;
    }
    if (!query.contains("auditLogs")) {
      ctx.status(400).json(Map.of("errors", List.of(Map.of("message", "only auditLogs is here"))));
      return;
    }
    Set<String> types = new HashSet<>();
    variables.path("types").forEach(type -> types.add(type.asText()));
    if (!ActivityTypes.ALL.containsAll(types)) {
      ctx.json(Map.of("errors", List.of(Map.of("message", "got invalid value"))));
      return;
    }
    Instant from =
        variables.path("from").isTextual()
            ? OffsetDateTime.parse(variables.path("from").textValue()).toInstant()
            : Instant.EPOCH;
    List<Event> rows =
        sandbox.project().auditLog().from(from).stream()
            .filter(row -> types.isEmpty() || types.contains(activityType(row)))
            .toList();
    if (query.contains("DESC")) {
      rows = rows.reversed();
    }
    int offset = offset(variables.path("after").asText(""));
    List<Event> page =
        rows.subList(Math.min(offset, rows.size()), Math.min(offset + PAGE, rows.size()));
    ctx.contentType("application/json; charset=utf-8")
        .result(JSON.writeValueAsBytes(connection(page, offset, rows.size())));
  }

  private boolean isAuthorized(@Nullable String authorization) {
    if (authorization == null || !authorization.startsWith("Bearer ")) {
      return false;
    }
    Jwt token = Jwt.parse(authorization.substring("Bearer ".length()));
    SigningKey key = sandbox.project().adminApiKey();
    return token != null
        && token.header().path("alg").asText().equals("RS256")
        && token.kid().equals(key.kid())
        && key.signed(token)
        && token.claims().has("exp")
        && token.isWithinItsTimes(sandbox.project().now())
        && names(token.claims().path("aud"), Events.APP_ID);
  }

  private static boolean names(JsonNode audience, String wanted) {
    if (audience.isTextual()) {
      return audience.textValue().equals(wanted);
    }
    for (JsonNode one : audience) {
      if (one.asText().equals(wanted)) {
        return true;
      }
    }
    return false;
  }

  private static int offset(String after) {
    if (after.isEmpty() || after.equals("null")) {
      return 0;
    }
    String cursor = new String(Base64.getDecoder().decode(after), StandardCharsets.UTF_8);
    return Integer.parseInt(cursor.substring(CURSOR.length())) + 1;
  }

  private static String cursor(int index) {
    return Base64.getEncoder().encodeToString((CURSOR + index).getBytes(StandardCharsets.UTF_8));
  }

  private static Map<String, Object> connection(List<Event> page, int offset, int all) {
    List<Map<String, Object>> edges = new ArrayList<>();
    for (Event event : page) {
      edges.add(Map.of("node", node(event)));
    }
    Map<String, @Nullable Object> pageInfo = new LinkedHashMap<>();
    pageInfo.put("hasNextPage", offset + page.size() < all);
    pageInfo.put("endCursor", page.isEmpty() ? null : cursor(offset + page.size() - 1));
    Map<String, Object> connection = new LinkedHashMap<>();
    connection.put("edges", edges);
    connection.put("pageInfo", pageInfo);
    return Map.of("data", Map.of("auditLogs", connection));
  }

  private static Map<String, @Nullable Object> node(Event event) {
    Map<String, @Nullable Object> node = new LinkedHashMap<>();
    node.put("activityType", activityType(event));
    node.put("clientID", event.clientId() == null ? "" : event.clientId());
    node.put("createdAt", Instant.ofEpochSecond(event.at().getEpochSecond()).toString());
    node.put("data", event.data());
    node.put("id", nodeId("AuditLog:" + Event.idOf(event.seq())));
    node.put(
        "user", event.userId() == null ? null : Map.of("id", nodeId("User:" + event.userId())));
    return node;
  }

  private static String activityType(Event event) {
    return event.type().replace('.', '_').toUpperCase(Locale.ROOT);
  }

  private static String nodeId(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
