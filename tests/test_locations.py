from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cocopot
from cocopot.locations import SourceLocation, locate, locate_error

if TYPE_CHECKING:
    from collections.abc import Callable


def plain() -> None: ...


@functools.lru_cache(
    maxsize=1,
)
def decorated() -> None: ...


class Counter:
    def __call__(self) -> None: ...

    def method(self) -> None: ...


def line_of(text: str) -> int:
    """Return the number of the line of this file that begins with a text."""
    lines = Path(__file__).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(text))


def raised(action: Callable[[], Any]) -> Exception:
    """Return what an action raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        action()
    return caught.value


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (plain, "def plain"),
        (decorated, "def decorated"),
        (functools.partial(plain), "def plain"),
        (Counter, "class Counter"),
        (Counter(), "class Counter"),
        (Counter().method, "def method"),
    ],
)
def test_a_definition_is_found(target: object, text: str) -> None:
    """Of a function it is the line of its `def`, below all decorators; of an object that of its class."""
    place = locate(target)
    assert place == SourceLocation(__file__, line_of(text))
    assert place.read_line().startswith(text)
    assert str(place) == f"{__file__}:{place.line}"


def test_a_lambda_is_found() -> None:
    """A function without a `def` has the line on which it begins."""
    place = locate(lambda: "here")
    assert place is not None
    assert place.read_line() == 'place = locate(lambda: "here")'


def test_a_module_is_found() -> None:
    """A module is at the beginning of its file."""
    assert locate(cocopot) == SourceLocation(str(cocopot.__file__), 1)


@pytest.mark.parametrize("target", [len, dict, 5, type("Made", (), {"__module__": "nowhere"})])
def test_what_has_no_source_has_no_place(target: object) -> None:
    """What is built in, or made without a file, is nowhere."""
    assert locate(target) is None


def test_an_error_is_where_it_left_the_plugin() -> None:
    """The line is the first one outside of Cocopot, also if the error comes from deep inside of a library."""
    place = locate_error(raised(lambda: json.loads("{")))
    assert place is not None
    assert place.file == __file__


def test_a_syntax_error_is_where_the_source_cannot_be_read(tmp_path: Path) -> None:
    """Not where the module is imported."""
    path = tmp_path / "broken.py"
    path.write_text("first = 1\nsecond = = 2\n", "utf-8")
    place = locate_error(raised(lambda: compile(path.read_text("utf-8"), str(path), "exec")))
    assert place == SourceLocation(str(path), 2)
    assert place.read_line() == "second = = 2"


def test_a_syntax_error_without_a_file_is_where_it_was_raised() -> None:
    """A text that was compiled has no line in any file."""
    place = locate_error(raised(lambda: compile("= 2", "<text>", "exec")))
    assert place is not None
    assert place.file == __file__


def test_an_error_of_the_machinery_alone_has_no_place() -> None:
    """An error that was never raised passed no line."""
    assert locate_error(ValueError("never raised")) is None
