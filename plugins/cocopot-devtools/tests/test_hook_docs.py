from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from cocopot_devtools.hook_docs import END, begin_line, command, specifications

from cocopot import hookspec

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

HOOKS = f"{__name__}:ShopHooks"
TEXT = """\
## shop_price(item, price)

*Threaded through `price`, out. Since 1.2.*

Change the price of an item.

Fires when an item is shown.

- `item` (`str`): The item.
- `price` (`int`): The price so far, in cents, which is what the previous implementation has returned.

Returns (`int | None`): Another price.

## shop_sold(item)

*All, every one runs, in.*

An item has been sold.

## shop_closed()

*All, last registered first.*
"""


class ShopHooks:
    @hookspec(since="1.2", threaded="price", order="out")
    def shop_price(self, item: str, price: int) -> int | None:
        """Change the price of an item.

        Fires when an item is shown.

        Args:
            item: The item.
            price: The price so far, in cents, which is what the previous implementation has
                returned.

        Returns:
            Another price.
        """

    @hookspec(every=True, order="in")
    def shop_sold(self, item: str) -> None:
        """An item has been sold."""

    @hookspec
    def shop_closed(self) -> None: ...


def run(*args: object) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args])


def test_entries() -> None:
    """Without a page the entries are printed, between the lines that a page needs."""
    result = run(HOOKS)
    assert result.output == f"{begin_line(HOOKS)}\n{TEXT}\n{END}"
    assert [spec.__name__ for spec in specifications(ShopHooks)] == ["shop_price", "shop_sold", "shop_closed"]


def test_a_page_is_renewed(tmp_path: Path) -> None:
    """What is between the two lines is replaced, the rest is kept, and a second run changes nothing."""
    page = tmp_path / "README.md"
    page.write_text(f"# Shop\n\n{begin_line(HOOKS)}\nold\n\n{END}\nThe end.\n")
    assert "is not up to date. Run cocopot hook-docs" in run(HOOKS, page, "--check").output
    assert "old" in page.read_text()
    for _ in range(2):
        assert run(HOOKS, page).exit_code == 0
        assert page.read_text() == f"# Shop\n\n{begin_line(HOOKS)}\n{TEXT}\n{END}\nThe end.\n"
    assert run(HOOKS, page, "--check").exit_code == 0


def test_examples(tmp_path: Path) -> None:
    """Each hook has an example of its own; a missing one is an error that names the file."""
    for name in ("shop_price", "shop_sold"):
        tmp_path.joinpath(f"{name}.py").write_text(f"assert '{name}'\n")
    result = run(HOOKS, "--examples", tmp_path)
    assert result.exit_code == 2
    assert "shop_closed.py" in result.output
    tmp_path.joinpath("shop_closed.py").touch()
    assert (
        "Another price.\n\n```python\nassert 'shop_price'\n```\n" in run(HOOKS, "--examples", tmp_path).output
    )


@pytest.mark.parametrize(
    ("hooks", "text"),
    [
        ("no_such_module", "no_such_module"),
        (f"{__name__}:Nothing", "Nothing"),
        ("math", "math specifies no hook"),
    ],
)
def test_nothing_to_document(hooks: str, text: str) -> None:
    """A module or class that does not exist, or specifies nothing, is an error that names it."""
    result = run(hooks)
    assert result.exit_code == 2
    assert text in result.output


def test_a_page_without_the_lines(tmp_path: Path) -> None:
    """The error shows the two lines to add."""
    page = tmp_path / "README.md"
    page.write_text("# Shop\n")
    result = run(HOOKS, page)
    assert result.exit_code == 2
    assert begin_line(HOOKS) in result.output
    assert END in result.output
