package com.authgear.authrequest.follow;

import com.authgear.authrequest.verify.LoggedUrl;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the audit log by Authgear's Admin API: one GraphQL query, {@code POST /graphql}. A page is
 * read entry by entry, so memory holds one entry's attributes at a time, however large they are.
 *
 * <p>Tokens are signed for Authgear's time, which every answer tells, so a wrong clock here only
 * costs the first question.
 */
final class AdminApi implements AuditLog, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdminApi.class);

  /** Authgear gives no more, whatever is asked for. */
  static final int PAGE = 100;

  private static final String QUERY =
      "query($from:DateTime!,$after:String,$types:[AuditLogActivityType!]){auditLogs(first:"
          + PAGE
          + ",after:$after,rangeFrom:$from,sortDirection:ASC,activityTypes:$types){edges{node{id"
          + " createdAt activityType user{id} data}}pageInfo{hasNextPage endCursor}}}";

  private static final String NEWEST = QUERY.replace("sortDirection:ASC", "sortDirection:DESC");

  private static final String TYPES = "{__type(name:\"AuditLogActivityType\"){enumValues{name}}}";

  private static final MediaType JSON_TYPE = MediaType.get("application/json");
  private static final int LONGEST_TEXT = 64 * 1024 * 1024;
  private static final String USER_NODE = "User:";

  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNestingDepth(64)
                      .maxStringLength(LONGEST_TEXT)
                      .build())
              .build());

  private final HttpUrl url;
  private final HttpUrl publicOrigin;
  private final AdminKey key;
  private final InstantSource clock;
  private final OkHttpClient client;

  /** What is asked for: the types of this Authgear that may mean something; empty: all. */
  private volatile List<String> types = List.of();

  /** How far Authgear's clock is ahead of this one. */
  private volatile Duration ahead = Duration.ZERO;

  /**
   * @param graphql where to ask, {@code /graphql} included
   * @param endpoint the project's public origin, by which Authgear knows the project
   */
  AdminApi(URI graphql, URI endpoint, AdminKey key, Duration timeout, InstantSource clock) {
    this.url = HttpUrl.get(graphql.toString());
    this.publicOrigin = HttpUrl.get(endpoint.toString());
    this.key = key;
    this.clock = clock;
    this.client =
        new OkHttpClient.Builder()
            .followRedirects(false)
            .followSslRedirects(false)
            .callTimeout(timeout)
            .build();
  }

  /**
   * Learns which types of entries this Authgear has, and asks from now on for those only that may
   * mean something: logins and messages are most of a busy project's log. Where Authgear does not
   * tell, all are asked for. What it has learned lately must be learned again, as a newer Authgear
   * has other types.
   *
   * @return all that there are; empty if Authgear does not tell
   */
  List<String> learnTypes() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("query", TYPES);
    List<String> all = new ArrayList<>();
    try (Response response = client.newCall(request(body)).execute()) {
      if (response.code() == 200) {
        JsonNode answer = JSON.readTree(response.body().byteStream());
        for (JsonNode value : answer.path("data").path("__type").path("enumValues")) {
          String type = value.path("name").asText("");
          if (!type.isEmpty()) {
            all.add(type);
          }
        }
      }
    } catch (IOException e) {
      LOG.atDebug().setCause(e).log("the types of entries are not known");
    }
    types = all.stream().filter(type -> Activity.of(type) != Activity.NOTHING).toList();
    return all;
  }

  /** The newest entries of any type since a time, the newest first; a page of them at most. */
  AuditResult newest(Instant from) {
    return ask(query(NEWEST, from, null, List.of()));
  }

  /** How far Authgear's clock is ahead of this one, as its last answer said, in whole seconds. */
  Duration ahead() {
    return ahead;
  }

  @Override
  public AuditResult read(Instant from, @Nullable String after) {
    AuditResult result = ask(query(QUERY, from, after, types));
    if (result instanceof Failed) {
      types = List.of(); // in case it does not know one of them
    }
    return result;
  }

  private AuditResult ask(ObjectNode query) {
    try (Response response = client.newCall(request(query)).execute()) {
      Instant date = response.headers().getInstant("Date");
      Duration before = ahead;
      if (date != null) {
        ahead = Duration.between(clock.instant(), date);
      }
      return switch (response.code()) {
        case 200 -> page(response.body().byteStream(), date);
        case 401, 403 -> new Refused(refusal(response.code(), before));
        default ->
            new Failed(
                LoggedUrl.withPath(url)
                    + " answers "
                    + response.code()
                    + ": check AUTHGEAR_ADMIN_API_URL, and Authgear's log");
      };
    } catch (IOException e) {
      return new Failed(
          LoggedUrl.withPath(url)
              + " does not answer ("
              + e.getClass().getSimpleName()
              + "): check AUTHGEAR_ADMIN_API_URL, that Authgear's Admin API runs, and the network");
    }
  }

  private String refusal(int status, Duration clockBefore) {
    return LoggedUrl.withPath(url)
        + " answers "
        + status
        + ": check AUTHGEAR_ADMIN_API_APP_ID ("
        + key.appId()
        + "), AUTHGEAR_ADMIN_API_KEY_ID ("
        + key.keyId()
        + "), that AUTHGEAR_ADMIN_API_KEY is that key, and this machine's clock (Authgear's is "
        + Math.abs(clockBefore.toSeconds())
        + (clockBefore.isNegative() ? " s behind it)" : " s ahead of it)");
  }

  private static ObjectNode query(
      String query, Instant from, @Nullable String after, List<String> wanted) {
    ObjectNode variables = JsonNodeFactory.instance.objectNode();
    variables.put("from", from.toString());
    variables.put("after", after);
    if (wanted.isEmpty()) {
      variables.putNull("types");
    } else {
      wanted.forEach(variables.putArray("types")::add);
    }
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("query", query);
    body.set("variables", variables);
    return body;
  }

  private Request request(ObjectNode body) {
    String host = LoggedUrl.authority(publicOrigin);
    return new Request.Builder()
        .url(url)
        .header("Authorization", "Bearer " + key.token(clock.instant().plus(ahead)))
        .header("Accept", "application/json")
        .header("Host", host)
        .header("X-Forwarded-Host", host)
        .header("X-Forwarded-Proto", publicOrigin.scheme())
        .post(RequestBody.create(body.toString().getBytes(StandardCharsets.UTF_8), JSON_TYPE))
        .build();
  }

  private AuditResult page(InputStream body, @Nullable Instant servedAt) throws IOException {
    List<AuditEntry> entries = new ArrayList<>();
    boolean more = false;
    String end = null;
    boolean found = false;
    try (JsonParser json = JSON.createParser(body)) {
      if (!enter(json, "data") || !enter(json, "auditLogs")) {
        return notAnAnswer("no auditLogs in it; are there errors in Authgear's log?");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        if (name.equals("edges") && json.currentToken() == JsonToken.START_ARRAY) {
          found = true;
          while (json.nextToken() == JsonToken.START_OBJECT) {
            JsonNode edge = JSON.readTree(json);
            entries.add(entry(edge.path("node")));
          }
        } else if (name.equals("pageInfo") && json.currentToken() == JsonToken.START_OBJECT) {
          JsonNode info = JSON.readTree(json);
          more = info.path("hasNextPage").asBoolean(false);
          end = info.path("endCursor").isTextual() ? info.path("endCursor").textValue() : null;
        } else {
          json.skipChildren();
        }
      }
    } catch (com.fasterxml.jackson.core.JacksonException | DateTimeException e) {
      return notAnAnswer("it is not JSON, or not as expected");
    } catch (Unexpected e) {
      return notAnAnswer(String.valueOf(e.getMessage()));
    }
    return found
        ? new Page(entries, more || entries.size() >= PAGE, end, servedAt)
        : notAnAnswer("no edges in it");
  }

  /** Steps to the object that is a member of the next object; false if there is none. */
  private static boolean enter(JsonParser json, String member) throws IOException {
    if (json.currentToken() == null) {
      json.nextToken();
    }
    if (json.currentToken() != JsonToken.START_OBJECT) {
      return false;
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      if (name.equals(member)) {
        return json.currentToken() == JsonToken.START_OBJECT;
      }
      json.skipChildren();
    }
    return false;
  }

  private static AuditEntry entry(JsonNode node) throws Unexpected {
    return new AuditEntry(
        text(node, "id"),
        OffsetDateTime.parse(text(node, "createdAt")).toEpochSecond(),
        text(node, "activityType"),
        user(node.path("user").path("id")),
        node.path("data"));
  }

  private static String text(JsonNode node, String name) throws Unexpected {
    JsonNode value = node.path(name);
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw new Unexpected("an entry without " + name);
    }
    return value.textValue();
  }

  /** The user id in a GraphQL node id, {@code base64url("User:<id>")}. */
  private static String user(JsonNode id) throws Unexpected {
    if (!id.isTextual()) {
      return "";
    }
    try {
      String node =
          new String(Base64.getUrlDecoder().decode(id.textValue()), StandardCharsets.UTF_8);
      if (node.startsWith(USER_NODE)) {
        return node.substring(USER_NODE.length());
      }
    } catch (IllegalArgumentException _) {
      // Said below.
    }
    throw new Unexpected("an entry with a user that is not a node of type User");
  }

  private Failed notAnAnswer(String what) {
    return new Failed(
        LoggedUrl.withPath(url)
            + " does not answer as Authgear's Admin API does ("
            + what
            + "): check AUTHGEAR_ADMIN_API_URL");
  }

  @Override
  public void close() {
    client.dispatcher().cancelAll();
    client.connectionPool().evictAll();
  }

  /** The answer is JSON, but not what the Admin API says. */
  private static final class Unexpected extends Exception {
    private static final long serialVersionUID = 1;

    Unexpected(String message) {
      super(message);
    }
  }
}
