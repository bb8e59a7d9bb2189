package com.authgear.authrequest.verify.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class BoundedDnsTest {

  @Test
  void lookup_knownName_givesItsAddresses() throws Exception {
    List<InetAddress> addresses = List.of(InetAddress.getByName("192.0.2.1"));

    assertThat(new BoundedDns(_ -> addresses, Duration.ofSeconds(30)).lookup("authgear"))
        .isEqualTo(addresses);
  }

  @Test
  void lookup_unknownName_isUnknownHost() {
    BoundedDns dns =
        new BoundedDns(
            host -> {
              throw new UnknownHostException(host);
            },
            Duration.ofSeconds(30));

    assertThatExceptionOfType(UnknownHostException.class).isThrownBy(() -> dns.lookup("authgear"));
  }

  @Test
  void lookup_nameServiceHangs_isGivenUp() {
    CountDownLatch never = new CountDownLatch(1);
    BoundedDns dns =
        new BoundedDns(
            _ -> {
              try {
                never.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return List.of();
            },
            Duration.ofMillis(20));

    assertThatExceptionOfType(UnknownHostException.class).isThrownBy(() -> dns.lookup("authgear"));
    never.countDown();
  }
}
