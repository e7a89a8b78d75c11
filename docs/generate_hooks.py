"""Generate the entries of docs/hooks.md from the hook contract; `make docs` runs this.

An entry has the signature, the kind, the order and the text of a specification in `cocopot/hooks/specs.py`,
and the example in `docs/hooks/<hook>.py`. Everything outside the two marker lines is edited by hand.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from cocopot.hooks import specs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCS = Path(__file__).parent
PAGE = DOCS / "hooks.md"
BEGIN = "<!-- Generated from cocopot/hooks/specs.py and docs/hooks/ by `make docs`; edit those. -->\n"
END = "<!-- End of the generated part. -->\n"
#: The longest line of the page.
WIDTH = 120


def generate(page: str) -> str:
    """Return the page with its generated part renewed.

    Args:
        page: The text of docs/hooks.md.

    Raises:
        ValueError: A marker line is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} needs these two lines: {BEGIN}{END}")
    return "\n".join([before + begin, *map(entry, hooks()), end + after])


def hooks() -> list[Callable[..., object]]:
    """Return the specifications in the order of the contract."""
    return [value for name, value in vars(specs).items() if name.startswith("cocopot_")]


def entry(spec: Callable[..., object]) -> str:
    """Return the entry of one hook: heading, kind, text and example."""
    parameters = inspect.signature(spec).parameters
    example = (DOCS / "hooks" / f"{spec.__name__}.py").read_text("utf-8")
    blocks = [
        f"## {spec.__name__}({', '.join(parameters)})",
        f"*{kind(spec)}, {options(spec)['order']}. Since {options(spec)['since']}.*",
        *paragraphs(spec),
        f"```python\n{example}```",
    ]
    return "\n\n".join(blocks) + "\n"


def options(spec: Callable[..., object]) -> dict[str, object]:
    """Return the options with which a specification was marked."""
    found: dict[str, object] = vars(spec)["cocopot_spec"]
    return found


def kind(spec: Callable[..., object]) -> str:
    """Return in words how the results of a hook's implementations are used."""
    names = {
        "First result": options(spec)["firstresult"],
        "Historic": options(spec)["historic"],
        f"Threaded through `{options(spec)['threaded']}`": options(spec)["threaded"],
        "All, every one runs": options(spec)["every"],
    }
    return next((name for name, applies in names.items() if applies), "All")


def paragraphs(spec: Callable[..., object]) -> Iterator[str]:
    """Return the paragraphs of a docstring in Google style as Markdown."""
    signature = inspect.signature(spec)
    for paragraph in (inspect.getdoc(spec) or "").split("\n\n"):
        title, _, body = paragraph.partition("\n")
        if title == "Args:":
            items = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", body, re.MULTILINE)
            yield "\n".join(
                fill(f"- `{name}` (`{signature.parameters[name].annotation}`): {text}", indent="  ")
                for name, text in items
            )
        elif title == "Returns:":
            yield fill(f"Returns (`{signature.return_annotation}`): {body}")
        else:
            yield fill(paragraph)


def fill(text: str, indent: str = "") -> str:
    """Return a paragraph in lines of the page's width; all but the first are indented."""
    words = " ".join(text.split())
    return textwrap.fill(
        words, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    PAGE.write_text(generate(PAGE.read_text("utf-8")), "utf-8")
