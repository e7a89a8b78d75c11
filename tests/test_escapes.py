"""Text from clients, as logs and messages show it."""

from __future__ import annotations

import pytest

from cocopot.escapes import indented, printable


@pytest.mark.parametrize("text", ["", "/shop?a=b", "/Grüße/茶/𝄞", "a b", "\\x0a"])
def test_printable_text_is_unchanged(text: str) -> None:
    """Text that can be printed on a line is shown as it is, in every script."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *(("a\nb", r"a\nb"), ("\r\t", r"\r\t"), ("\x00\x1b[31m", r"\x00\x1b[31m"), ("\x7f", r"\x7f")),
        *(("\x85\x9b", r"\x85\x9b"), ("\u2028\u2029", r"\u2028\u2029"), ("\u202e\u2066", r"\u202e\u2066")),
        *(("\ud800", r"\ud800"), ("\U000e0001", r"\U000e0001"), ("\u200b\ufeff", r"\u200b\ufeff")),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, shown: str) -> None:
    """Control characters, separators, directions of writing and surrogates become escapes."""
    assert printable(text) == shown


def test_long_text_is_cut() -> None:
    """Of a long text only the beginning is shown, with its length."""
    assert printable("x" * 1000) == "x" * 1000
    assert printable("x" * 60_000) == f"{'x' * 1000}... (60000 characters)"
    assert printable("\x00" * 60_000, 2) == r"\x00\x00... (60000 characters)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *(("", ""), ("Grüße", "Grüße"), ("a\tb", "a\tb"), ("a\nb\r\nc", "a\n    b\n    c"), ("\n", "\n    ")),
        *(("a\rb", r"a\rb"), ("a\n\x1b[2Kb\x85", "a\n    \\x1b[2Kb\\x85"), ("a\u2028b", r"a\u2028b")),
    ],
)
def test_the_lines_of_a_text_are_indented(text: str, shown: str) -> None:
    """Of a text with several lines only the first begins at the margin; other controls are escaped."""
    assert indented(text) == shown
