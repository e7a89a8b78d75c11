from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cocopot_devtools.checks.subjects import describe, with_requirements

from cocopot import PluginError

if TYPE_CHECKING:
    from tests.conftest import MakePlugin


def test_places_of_errors(subject: MakePlugin) -> None:
    """An exception comes from the innermost frame in the plugin's source, or from none."""
    made = subject("def fail():\n    int('x')\n\ndef call(function):\n    function()")
    plugin: Any = made.candidate.load()
    file = str(plugin.__file__)
    with pytest.raises(ValueError, match="invalid literal") as caught:
        plugin.call(plugin.fail)
    assert made.place_of(caught.value) == (file, 5)
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("x")
    assert made.place_of(caught.value) == ("", 0)
    assert made.place_of_function(plugin.fail) == (file, 4)
    assert made.place_of_function(int) == ("", 0)


def test_requirements_are_followed(subject: MakePlugin) -> None:
    """What is required requires others in turn; the first that is missing is reported."""
    made = subject("requires = ('users',)")
    subject("requires = ['groups']", "users")
    assert with_requirements(made.plugin) == ({"demo", "users"}, "groups")
    subject("requires = ('demo',)", "groups")
    assert with_requirements(made.plugin) == ({"demo", "users", "groups"}, "")


def test_wrong_requirements(subject: MakePlugin) -> None:
    """What is required must be declared as a tuple of names."""
    made = subject("requires = 'session'")
    with pytest.raises(PluginError, match="must be a tuple of plugin names"):
        with_requirements(made.plugin)


def test_notes(subject: MakePlugin) -> None:
    """A finding is kept once, and states which plugin it concerns."""
    made = subject("")
    made.find("CP102", "broken", ("file.py", 3))
    made.find("CP102", "broken", ("file.py", 3))
    assert [(found.plugin, found.file, found.line) for found in made.findings] == [("demo", "file.py", 3)]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (KeyError("name"), "KeyError: 'name'"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_describe(error: Exception, text: str) -> None:
    """An exception is reported in one line."""
    assert describe(error) == text
