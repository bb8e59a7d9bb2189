package com.authgear.authrequest.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.docs.Page.Block;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Markdown is read as GitHub reads it, as far as our pages need. */
class PageTest {

  private static final Page PAGE =
      Page.of(
          "page.md",
          """
          # Why `x-auth-reason`, and how?
          ## Same
          Text with [a link](other.md#there), ![a picture](p.png "title"), `[no](code.md)`.
          ## Same

              indented
                more

              block

          1. An item:

                 in the item
             [linked](item.md)

             ```sh
             [no](fence.md)
             ```

          - continues
              with [an indented line](lazy.md)

          <a id="own"></a>[ref]: https://example.com

          [ref2]: defined.md
          ~~~
          # no heading
          ~~~
          """);

  @Test
  void links_areThoseOutsideOfCode() {
    assertThat(PAGE.links())
        .containsExactly("other.md#there", "p.png", "item.md", "lazy.md", "defined.md");
  }

  @Test
  void anchors_areThoseOfHeadingsWithNumbersForRepeatedOnes() {
    assertThat(PAGE.anchors())
        .containsExactlyInAnyOrder("why-x-auth-reason-and-how", "same", "same-1", "own");
  }

  @Test
  void blocks_areIndentedOrFenced_alsoInItems() {
    assertThat(PAGE.blocks())
        .containsExactly(
            new Block(6, "", List.of("indented", "  more", "", "block")),
            new Block(13, "", List.of("in the item")),
            new Block(17, "sh", List.of("[no](fence.md)")),
            new Block(27, "", List.of("# no heading")));
  }

  @Test
  void codeSpans_areThoseOfTheText() {
    assertThat(PAGE.codeSpans()).containsExactly("x-auth-reason", "[no](code.md)");
  }
}
