package com.authgear.authrequest.telemetry;

import com.authgear.authrequest.http.AuthHandler;
import com.authgear.authrequest.http.DecisionRecord;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Counts every decision and writes down what operators asked for.
 *
 * @param clientAddressHeader in which the proxy, not the client, says who the client is
 * @param userIds whether user ids are written down
 */
public record DecisionListener(
    Meters meters, DecisionLog log, String clientAddressHeader, boolean userIds)
    implements AuthHandler.AuthListener {

  private static final String REQUEST_ID = "X-Request-ID";

  /** Hexadecimal as nginx makes it, a UUID, or too short for a token. */
  private static final Pattern PLAIN_ID =
      Pattern.compile("[0-9a-f-]{1,64}|(?!eyJ)[A-Za-z0-9._:/+=-]{1,31}");

  private static final Pattern POLICY_NAME = Pattern.compile("[a-z0-9_]{1,64}");

  @Override
  public void decided(DecisionRecord decided) {
    meters.decision(decided.reason(), decided.source(), decided.nanos());
    log.decided(decided.reason(), decided.source(), () -> context(decided));
  }

  @Override
  public void emitted(int bytes) {
    meters.identityHeaders(bytes);
  }

  private DecisionLog.Context context(DecisionRecord decided) {
    return new DecisionLog.Context(
        requestId(decided.requestHeader(REQUEST_ID)),
        decided.traceId(),
        client(decided),
        POLICY_NAME.matcher(decided.policy()).matches() ? decided.policy() : "",
        userIds ? decided.userId() : "",
        decided.detail());
  }

  private static String requestId(@Nullable String given) {
    return given != null && PLAIN_ID.matcher(given).matches()
        ? given
        : HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
  }

  private String client(DecisionRecord decided) {
    String named = decided.requestHeader(clientAddressHeader);
    if (named != null) {
      try {
        return InetAddress.ofLiteral(named.strip()).getHostAddress();
      } catch (IllegalArgumentException _) {
        return decided.peer();
      }
    }
    return decided.peer();
  }
}
