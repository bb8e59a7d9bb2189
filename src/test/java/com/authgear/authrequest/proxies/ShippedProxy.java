package com.authgear.authrequest.proxies;

import com.authgear.authrequest.proxies.Backends.Area;
import com.authgear.authrequest.support.EdgeCache;
import com.authgear.authrequest.support.Installed;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.Programs;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Each shipped configuration that a real program can run here, changed in nothing but addresses.
 */
enum ShippedProxy {
  NGINX {
    @Override
    RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
      return nginx(Programs.require("nginx"), CONF, auth, backend, UnaryOperator.identity());
    }

    @Override
    boolean allows(@Nullable String user, Area area) {
      return user != null || area == Area.PUBLIC;
    }
  },

  NGINX_EDGE_CACHE {
    @Override
    RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
      return nginx(Programs.require("nginx"), CONF, auth, backend, EdgeCache::switchOn);
    }

    @Override
    boolean allows(@Nullable String user, Area area) {
      return user != null || area == Area.PUBLIC;
    }
  },

  NGINX_POLICIES {
    @Override
    RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
      return nginx(Programs.require("nginx"), POLICIES, auth, backend, UnaryOperator.identity());
    }
  },

  NGINX_CURRENT_POLICIES {
    @Override
    RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
      return nginx(Installed.currentNginx(), POLICIES, auth, backend, UnaryOperator.identity());
    }
  },

  CADDY {
    @Override
    RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
      return CaddyIT.start(auth, backend, UnaryOperator.identity());
    }
  },

  HAPROXY {
    @Override
    RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
      return HaproxyIT.start(auth, backend, UnaryOperator.identity());
    }

    @Override
    boolean speaksHttp2() {
      return true;
    }
  },

  ENVOY {
    @Override
    RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
      return EnvoyIT.startShipped(auth, backend);
    }

    @Override
    String passedOn(String path) {
      return path.replaceAll("(?i)%2e", ".");
    }

    // It cleans paths itself, and can only refuse what might be a slash.
    @Override
    boolean passesEncoded(String path) {
      return !path.toLowerCase(Locale.ROOT).contains("%2f");
    }

    @Override
    boolean speaksHttp2() {
      return true;
    }
  },

  ISTIO {
    @Override
    RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
      return IstioGateway.start(auth, backend);
    }

    @Override
    String passedOn(String path) {
      return path.replaceAll("(?i)%2e", ".");
    }

    // It cleans paths itself, and can only refuse what might be a slash.
    @Override
    boolean passesEncoded(String path) {
      return !path.toLowerCase(Locale.ROOT).contains("%2f");
    }

    @Override
    boolean speaksHttp2() {
      return true;
    }
  };

  private static final Path CONF = Path.of("nginx/nginx.conf");
  private static final Path POLICIES = Path.of("nginx/policies.conf");

  abstract RunningProxy start(InetSocketAddress auth, InetSocketAddress backend);

  /**
   * What the configuration promises.
   *
   * @param user null for anonymous; nobody here has the role of administrators
   */
  boolean allows(@Nullable String user, Area area) {
    return switch (area) {
      case PUBLIC, CATALOG -> true;
      case SITE -> user != null;
      case ADMIN -> false;
    };
  }

  /** Whether it passes on what is only encoded, as it came. */
  boolean passesEncoded(String path) {
    return true;
  }

  /** What the backend gets of a path. */
  String passedOn(String path) {
    return path;
  }

  /** Whether it speaks HTTP/2 without TLS, as it is shipped. */
  boolean speaksHttp2() {
    return false;
  }

  private static RunningProxy nginx(
      Path program,
      Path main,
      InetSocketAddress auth,
      InetSocketAddress backend,
      UnaryOperator<String> edit) {
    return new NginxProxy(Nginx.start(program, main, auth, backend, edit));
  }
}
