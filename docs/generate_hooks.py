"""Generate the entries of docs/hooks.md from the hook contract; `make docs` runs this.

An entry has the signature, the kind, the order and the text of a specification in `cocopot/hooks/specs/`,
and the example in `docs/hooks/<hook>.py`. Everything outside the two marker lines is edited by hand. Plugins
generate the documentation of their own hooks in the same way, with `cocopot hook-docs`.
"""

from __future__ import annotations

from pathlib import Path

from cocopot_devtools.hook_docs import renew, specifications

from cocopot.hooks import specs

DOCS = Path(__file__).parent
PAGE = DOCS / "hooks.md"
BEGIN = "<!-- Generated from cocopot/hooks/specs/ and docs/hooks/ by `make docs`; edit those. -->\n"


def generate(page: str) -> str:
    """Return the page with its generated part renewed.

    Args:
        page: The text of docs/hooks.md.

    Raises:
        ValueError: A marker line is missing.
    """
    return renew(page, BEGIN, specifications(specs), DOCS / "hooks")


if __name__ == "__main__":
    PAGE.write_text(generate(PAGE.read_text("utf-8")), "utf-8")
