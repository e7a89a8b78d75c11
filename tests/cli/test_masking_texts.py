"""Secrets inside of other values, which `mask_text` finds."""

from __future__ import annotations

import pytest

from cocopot.cli.masking import MASK, mask_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Conf(a={'password': 'x y'}, b=1)", f"Conf(a={{'password': '{MASK}'}}, b=1)"),
        ("error='login failed: token=x'", f"error='login failed: token={MASK}'"),
        ("mail=(host=h;Pwd=x y;port=1)", f"mail=(host=h;Pwd={MASK};port=1)"),
        ("{'url': 'db://u:x@h', 'key': b'x'}", f"{{'url': 'db://u:{MASK}@h', 'key': {MASK}}}"),
    ],
)
def test_nested(text: str, expected: str) -> None:
    """The value of an ordinary name may contain the name of a secret."""
    assert mask_text(text) == expected


@pytest.mark.parametrize("part", ["x:", "key:", "key=", "a=(", "a://u:p", "token=\\'a\n"])
def test_long_texts(part: str) -> None:
    """A text of 100 KB in which values do not end is masked in a single pass."""
    assert mask_text(f"password=x;{part * 20_000}").startswith(f"password={MASK};")
