package com.authgear.authrequest.http.jetty;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;

/**
 * Listens on a Unix domain socket. What a killed process left behind is removed first: a socket on
 * which no one listens, and nothing else.
 */
public final class SocketFileConnector extends UnixDomainServerConnector {

  /** {@code S_IFMT} and {@code S_IFSOCK} of {@code stat(2)}. */
  private static final int TYPE_OF_FILE = 0170000;

  private static final int SOCKET = 0140000;

  private final Set<PosixFilePermission> mode;

  /** Whether the file is this connector's own, so that it may be removed. */
  private boolean own;

  public SocketFileConnector(
      Server server, Path path, Set<PosixFilePermission> mode, ConnectionFactory factory) {
    super(server, factory);
    this.mode = Set.copyOf(mode);
    setUnixDomainPath(path);
  }

  @Override
  protected void doStart() throws Exception {
    removeLeftOver(getUnixDomainPath());
    own = true;
    super.doStart();
    Files.setPosixFilePermissions(getUnixDomainPath(), mode);
  }

  @Override
  protected void doStop() throws Exception {
    // Jetty's own end removes the file, also after a start that was refused because of it.
    if (own) {
      super.doStop();
      own = false;
    }
  }

  private static void removeLeftOver(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    int type = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((type & TYPE_OF_FILE) != SOCKET) {
      throw new IOException("there is a file that is no socket");
    }
    try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      throw new IOException("another process listens there");
    } catch (ConnectException _) {
      Files.delete(path);
    }
  }
}
