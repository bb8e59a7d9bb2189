package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/** Permissions of a file as {@code chmod} takes them. */
final class FileModes {

  private static final Pattern OCTAL = Pattern.compile("0?[0-7]{3}");

  private FileModes() {}

  static ParsedValue<Set<PosixFilePermission>> parse(String text) {
    if (!OCTAL.matcher(text).matches()) {
      return new Invalid<>("is not a file mode such as 0660");
    }
    int mode = Integer.parseInt(text, 8);
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    int bit = 0400;
    // In the order of the enum: owner, group, others; each read, write, execute.
    for (PosixFilePermission permission : PosixFilePermission.values()) {
      if ((mode & bit) != 0) {
        permissions.add(permission);
      }
      bit >>= 1;
    }
    return new Valid<>(permissions);
  }
}
