"""Text from clients and plugins, for logs, messages and terminals."""

from __future__ import annotations

#: How many characters of a text are shown.
SHOWN_LENGTH = 1000


def printable(text: str, length: int = SHOWN_LENGTH) -> str:
    """Return a text on one line, with escapes in place of what is not printable, and cut if it is long.

    Control characters, line and paragraph separators, characters that change the direction of writing, and
    surrogates are not printable. Written as they are, they could begin a line of their own in a log, or
    control the terminal that displays it (CWE-117, CWE-150).

    Args:
        text: The text.
        length: How many characters of it are shown.
    """
    shown = text if len(text) <= length else text[:length]
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in shown)
    return shown if len(text) <= length else f"{shown}... ({len(text)} characters)"


def quotable(text: str) -> str:
    """Return a text that is shown between double quotes, with escapes as in `printable`.

    Args:
        text: The text.
    """
    return printable(text).replace('"', r"\"")


def indented(text: str) -> str:
    r"""Return a text for a log, with escapes as in `printable`, and its lines indented from the second on.

    No line of it can be taken for one of the log, where each begins at the margin (CWE-117). Tabs remain.

    Args:
        text: The text.

    Example:
        >>> from cocopot.escapes import indented
        >>> indented("the order is invalid:\nERROR in auth")
        'the order is invalid:\n    ERROR in auth'
    """
    if text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n    ".join("\t".join(printable(part, len(part)) for part in line.split("\t")) for line in lines)
