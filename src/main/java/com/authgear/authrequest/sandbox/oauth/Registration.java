package com.authgear.authrequest.sandbox.oauth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a client says of itself when it registers (RFC 7591 §2), with Authgear's defaults. Members
 * that Authgear does not know, {@code scope} too, are ignored. Source: authgear-server
 * pkg/lib/dcr/validate.go.
 *
 * @param applicationType {@code web} or {@code native}
 * @param uris {@code client_uri}, {@code logo_uri}, {@code tos_uri} and {@code policy_uri}, as far
 *     as given
 */
public record Registration(
    @Nullable String clientName,
    List<String> redirectUris,
    List<String> grantTypes,
    List<String> responseTypes,
    String applicationType,
    Map<String, String> uris) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> URIS =
      List.of("client_uri", "logo_uri", "tos_uri", "policy_uri");

  public Registration {
    redirectUris = List.copyOf(redirectUris);
    grantTypes = List.copyOf(grantTypes);
    responseTypes = List.copyOf(responseTypes);
    uris = Map.copyOf(uris);
  }

  /**
   * Reads the body of a registration.
   *
   * @throws OAuthException if Authgear would not register it
   */
  public static Registration read(byte[] body) throws OAuthException {
    Members members = Members.of(body);
    String method = members.text("token_endpoint_auth_method");
    List<String> redirectUris = members.texts("redirect_uris");
    List<String> grantTypes = members.texts("grant_types");
    List<String> responseTypes = members.texts("response_types");
    String applicationType = members.text("application_type");
    String clientName = members.text("client_name");
    Map<String, String> uris = new LinkedHashMap<>();
    for (String name : URIS) {
      String uri = members.text(name);
      if (uri != null) {
        uris.put(name, uri);
      }
    }
    if (method != null && !method.equals("none")) {
      throw invalid("dcr: token_endpoint_auth_method is not accepted");
    }
    Registration registration =
        new Registration(
            clientName,
            redirectUris == null ? List.of() : redirectUris,
            grantTypes == null ? List.of("authorization_code", "refresh_token") : grantTypes,
            responseTypes == null ? List.of("code") : responseTypes,
            applicationType == null ? "web" : applicationType,
            uris);
    registration.validate();
    return registration;
  }

  private void validate() throws OAuthException {
    if (!Set.of("web", "native").contains(applicationType)) {
      throw invalid("dcr: unsupported application_type");
    }
    if (redirectUris.isEmpty()) {
      throw invalid("dcr: redirect_uris is required");
    }
    for (String redirectUri : redirectUris) {
      if (!isRedirectUri(redirectUri)) {
        throw new OAuthException("invalid_redirect_uri", "dcr: invalid redirect_uri");
      }
    }
    if (!Set.of("authorization_code", "refresh_token").containsAll(grantTypes)) {
      throw invalid("dcr: unsupported grant_type");
    }
    if (!Set.of("code").containsAll(responseTypes)
        || grantTypes.contains("authorization_code") != responseTypes.contains("code")) {
      throw invalid("dcr: response_types is inconsistent with grant_types");
    }
    for (String uri : uris.values()) {
      if (!"https".equals(scheme(parse(uri)))) {
        throw invalid("dcr: uri field must use https");
      }
    }
  }

  /** A web client has https; a native one http on localhost by that name, or its own scheme. */
  private boolean isRedirectUri(String text) {
    URI uri = parse(text);
    String scheme = scheme(uri);
    if (uri == null
        || scheme == null
        || (uri.getFragment() != null && !uri.getFragment().isEmpty())) {
      return false;
    }
    return switch (scheme) {
      case "https" -> applicationType.equals("web");
      case "http" -> applicationType.equals("native") && "localhost".equals(uri.getHost());
      default -> applicationType.equals("native");
    };
  }

  private static @Nullable URI parse(String text) {
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      return null;
    }
  }

  private static @Nullable String scheme(@Nullable URI uri) {
    return uri == null || uri.getScheme() == null ? null : uri.getScheme().toLowerCase(Locale.ROOT);
  }

  private static OAuthException invalid(String description) {
    return new OAuthException("invalid_client_metadata", description);
  }

  /** The client, as one that registered itself: public, and a third party's. */
  public Client client(String id) {
    return new Client(
        id,
        clientName == null ? id : clientName,
        Client.Type.DYNAMIC_THIRD_PARTY,
        null,
        redirectUris,
        List.of());
  }

  /**
   * The answer (RFC 7591 §3.2.1). Neither {@code scope} nor {@code token_endpoint_auth_method} is
   * in it, as at Authgear.
   *
   * @param issuedAt seconds since 1970
   */
  public Map<String, Object> answer(String clientId, long issuedAt) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("client_id", clientId);
    answer.put("client_id_issued_at", issuedAt);
    if (clientName != null && !clientName.isEmpty()) {
      answer.put("client_name", clientName);
    }
    answer.put("redirect_uris", redirectUris);
    answer.put("grant_types", grantTypes);
    answer.put("response_types", responseTypes);
    answer.put("application_type", applicationType);
    for (String name : URIS) {
      String uri = uris.get(name);
      if (uri != null) {
        answer.put(name, uri);
      }
    }
    return answer;
  }

  /** The members of a JSON object, of which a null one is absent. */
  private record Members(JsonNode object) {

    static Members of(byte[] body) throws OAuthException {
      JsonNode object;
      try {
        object = JSON.readTree(body);
      } catch (IOException e) {
        throw malformed();
      }
      if (object == null || !(object.isObject() || object.isNull())) {
        throw malformed();
      }
      return new Members(object);
    }

    private static OAuthException malformed() {
      return invalid("malformed JSON body");
    }

    private JsonNode member(String name) {
      JsonNode member = object.get(name);
      return member == null ? NullNode.getInstance() : member;
    }

    @Nullable String text(String name) throws OAuthException {
      JsonNode member = member(name);
      if (member.isNull()) {
        return null;
      }
      if (!member.isTextual()) {
        throw malformed();
      }
      return member.textValue();
    }

    @Nullable List<String> texts(String name) throws OAuthException {
      JsonNode member = member(name);
      if (member.isNull()) {
        return null;
      }
      if (!member.isArray()) {
        throw malformed();
      }
      List<String> texts = new ArrayList<>();
      for (JsonNode element : member) {
        if (!element.isTextual()) {
          throw malformed();
        }
        texts.add(element.textValue());
      }
      return texts;
    }
  }
}
