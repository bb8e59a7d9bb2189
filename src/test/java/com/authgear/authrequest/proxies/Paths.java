package com.authgear.authrequest.proxies;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Request targets that someone reads as another path than someone else. */
final class Paths {

  /** Ways to say "one up", for someone. */
  private static final List<String> UP =
      List.of(
          "..",
          "%2e%2e",
          ".%2E",
          "%252e%252e",
          "%25252e.",
          "..;",
          "..;x=1",
          "..%3b",
          "..%253bx",
          ".;/..",
          "..%00",
          "..%09",
          "..%0d%0a",
          "..%3f",
          "..%23",
          "%c0%ae%c0%ae",
          "%e0%80%ae%e0%80%ae",
          "%u002e%u002e",
          ".");

  /** Ways to end a part of the path, for someone. */
  private static final List<String> SLASH =
      List.of("/", "%2f", "%2F", "%252f", "\\", "%5c", "%255C", "//", "/./", "%c0%af");

  private static final List<String> SPECIAL =
      List.of(
          "/admin",
          "/admin/",
          "/admin/x",
          "//admin/x",
          "///admin/x",
          "/%2fadmin/x",
          "%2fadmin/x",
          "/%2f%2fadmin/x",
          "/%252fadmin/x",
          "//public/admin/x",
          "//catalog/admin/x",
          "//a/admin/x",
          "/\\public/admin/x",
          "/%5cpublic/admin/x",
          "/ADMIN",
          "/ADMIN/x",
          "/Admin/x",
          "/aDmIn%2fx",
          "/%61dmin/x",
          "/%41DMIN/x",
          "/%2561dmin/x",
          "/%252561dmin/x",
          "/a%64min%2fx",
          "/admin;x/y",
          "/admin;/",
          "/admin;",
          "/admin%3b/x",
          "/admin%3B",
          "/admin%253bx/y",
          "/;/admin/x",
          "/;x=1/admin/x",
          "/x;/../admin/x",
          "/public;/admin/x",
          "/public;/../admin/x",
          "/public/;/../admin/x",
          "/public/.;/../admin/x",
          "/public/x;/../../admin/x",
          "/admin%00",
          "/admin%00/x",
          "/admin%20",
          "/admin%20/x",
          "/admin%09/x",
          "/admin%0a",
          "/admin%0d%0a/x",
          "/admin%7f/x",
          "/admin.",
          "/admin.json",
          "/admin#x",
          "/admin%23x",
          "/admin%3fx",
          "/public#/../admin/x",
          "/public/#/../../admin/x",
          "/public?/../admin/x",
          "/public/?x=/../../admin/x",
          "/public%3f/../admin/x",
          "/public/..",
          "/public/../",
          "/public/..?x",
          "/public/.",
          "/public/%2e%2e",
          "/public/%2e%2e?x",
          "/public/..%2f",
          "/public%2f..%2fadmin%2fx",
          "/public%2fx",
          "/public%2F",
          "/public%252fx",
          "/catalog%2fx",
          "/%70ublic/x",
          "/public\\x",
          "/public%5cx",
          "/PUBLIC/x",
          "/Catalog/x",
          "/x%2f..%2fadmin%2fx",
          "/x%2f%2e%2e%2fadmin",
          "/%2e/admin/x",
          "/./admin/x",
          "/.%2fadmin/x",
          "/.;/admin/x",
          "/public/x/../../admin/x",
          "/public/x/y/../../../admin",
          "/admin/../public/x",
          "/admin/x/../../public/x",
          "/admin%2f..%2f..%2fpublic/x",
          "/public/.%09./admin/x",
          "/public/\t../admin/x",
          "/public/..\t/admin/x",
          "/pub\u0001lic/../admin/x",
          "/public/\u007f../admin/x",
          "/public/%zz/../admin/x",
          "/admin%",
          "/admin%2",
          "/%u0061dmin/x",
          "/%c1%a1dmin/x",
          "/%ef%bc%8fadmin/x",
          "/@/admin/x",
          "/user@admin/x",
          "/:80/admin/x",
          "/admin:80/x",
          "*",
          "?/admin/x",
          "admin/x",
          "public/../admin/x",
          "http:/admin/x",
          "http:admin/x",
          "http:///admin/x",
          "http://localhost",
          "http://localhost?/../admin/x",
          "http://localhost/admin/x",
          "http://localhost/ADMIN/x",
          "http://localhost//admin/x",
          "http://localhost//public/admin/x",
          "http://localhost/public/../admin/x",
          "http://localhost/public/%2e%2e/admin/x",
          "http://localhost/public/..;/admin/x",
          "http://localhost/admin/../public/x",
          "http://localhost#/admin/x",
          "http://localhost\\admin/x",
          "http://localhost@localhost/admin/x",
          "http://public/admin/x",
          "https://localhost/public/../admin/x",
          "foo://localhost/public/../admin/x",
          "//localhost/admin/x");

  private Paths() {}

  /** None of these may lead anyone where they may not be. */
  static Set<String> confusing() {
    Set<String> all = new LinkedHashSet<>(SPECIAL);
    for (String open : List.of("/public", "/catalog")) {
      for (String up : UP) {
        for (String slash : SLASH) {
          all.add(open + "/" + up + slash + "admin/x");
        }
        all.add(open + "%2f" + up + "%2fadmin/x");
        all.add("/admin/" + up + open + "/x");
        all.add("/x/" + up + "/" + up + open + "/x");
        all.add("/admin/x/" + up + "/" + up + open + "/x");
        all.add("/admin/x%2f" + up + "%2f" + up + open + "/x");
      }
    }
    return all;
  }

  /** What clients send for good reasons. */
  static List<String> legitimate() {
    List<String> all =
        new ArrayList<>(
            List.of(
                "/",
                "/x",
                "/x/",
                "/x?next=/../b//c;",
                "/.well-known/x",
                "/a..b",
                "/...",
                "/..hidden",
                "/.hidden/x",
                "/x/a.b/c..d",
                "/%20",
                "/a%20b",
                "/%c3%a4",
                "/%E2%82%AC/x",
                "/a+b",
                "/a,b=c&d@e!f$g'(h)*i",
                "/a:b",
                "/~x",
                "/administrator",
                "/admin-guide",
                "/publications/x"));
    all.addAll(encoded());
    return all;
  }

  /** Encoded for good reasons; a proxy that decodes paths by itself may refuse these. */
  static List<String> encoded() {
    return Stream.of(
            "/x/@scope%2fpkg",
            "/projects/a%2Fb",
            "/100%25",
            "/100%25/x",
            "/5%25off",
            "/a%2eb",
            "/x/a%2Eb",
            "/tags/c%23",
            "/q%3f")
        .toList();
  }
}
