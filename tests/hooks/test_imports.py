"""Errors of entry points that cannot be imported, with the cause and the cure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, PluginError
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from cocopot.testing.distributions import InstalledPlugin

TEA = """
    from cocopot import hookimpl

    class Tea:
        @hookimpl
        def cocopot_setup(self, app): ...

    class Needy(Tea):
        def __init__(self, app): ...

    class Broken(Tea):
        def __init__(self):
            int(None)
"""


def error_of(name: str = "tea") -> PluginError:
    with pytest.raises(PluginError) as caught:
        Cocopot("shop", autoload={name})
    return caught.value


def remove(plugin: InstalledPlugin, *files: str) -> None:
    for file in files:
        plugin.path.joinpath(file).unlink()


def test_a_missing_module_of_the_plugin_itself() -> None:
    """Half uninstalled: the cure is to install it again, and not only to go on without it."""
    with installed_plugin("tea", TEA) as plugin:
        remove(plugin, "cocopot_tea.py")
        error = error_of()
    assert error.problem == "failed to load: ModuleNotFoundError: No module named 'cocopot_tea'"
    assert error.cure.splitlines() == [
        "Reinstall cocopot-tea: its files are missing.",
        'To go on without it, pass disable={"tea"} or set COCOPOT_DISABLE_PLUGINS=tea.',
    ]
    assert isinstance(error.__cause__, ModuleNotFoundError)


def test_a_checkout_that_was_moved() -> None:
    """An editable installation names the folder that it was installed from."""
    with installed_plugin("tea", TEA) as plugin:
        remove(plugin, "cocopot_tea.py")
        info = next(plugin.path.glob("*.dist-info"))
        origin: dict[str, Any] = {"url": "file:///home/tea", "dir_info": {"editable": True}}
        info.joinpath("direct_url.json").write_text(json.dumps(origin), encoding="utf-8")
        assert "It was installed in editable mode from /home/tea." in error_of().cure
        info.joinpath("direct_url.json").write_text("[]", encoding="utf-8")
        assert error_of().cure.startswith("Reinstall cocopot-tea: its files are missing.\n")


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("cocopot_tee:Tea", "Did you mean 'cocopot_tea'?"),
        ("cocopot_pot.plugn:Tea", "Did you mean 'cocopot_pot.plugin'?"),
        ("cocopot_tea:Te", "Did you mean 'Tea'?"),
        ("cocopot_tea:Tea.hook", "names 'hook', which the object 'Tea' does not have."),
    ],
)
def test_a_misspelled_reference_suggests_the_nearest_name(value: str, hint: str) -> None:
    """Of modules of the distribution, of a package, and of what is in a module."""
    with installed_plugin("tea", TEA, entry_point=value, modules={"cocopot_pot.plugin": TEA}):
        error = error_of()
    assert hint in str(error)
    assert "Its author must correct the" in error.cure
    assert (error.reason, error.entry_point) == ("import", value)


@pytest.mark.parametrize(
    "value", ["cocopot_tea:", ":Tea", "cocopot tea", "cocopot_tea:Tea()", ".tea", "cocopot_tea."]
)
def test_an_invalid_reference_is_described(value: str) -> None:
    """The error has the value, and the form that it must have."""
    with installed_plugin("tea", TEA, entry_point=value):
        error = error_of()
    assert error.problem == f"has the entry point {value!r}, which is not a reference."
    assert "such as 'module:object'" in error.cure


@pytest.mark.parametrize(
    ("dependencies", "cure"),
    [
        (["pot-of-tea>=2"], "Install 'pot-of-tea>=2', which cocopot-tea requires."),
        ([], "Install what provides the module 'pot_of_tea'; cocopot-tea does not declare it."),
    ],
)
def test_a_missing_dependency(dependencies: list[str], cure: str) -> None:
    """The cure is to install what the distribution requires; the place is the import."""
    with installed_plugin("tea", "import pot_of_tea.spout", dependencies=dependencies):
        error = error_of()
        assert error.place is not None
        assert error.place.read_line() == "import pot_of_tea.spout"
    assert error.cure.splitlines()[0] == cure


def test_a_class_that_requires_an_argument() -> None:
    """The place is its `__init__`; the cure states what gets the application."""
    with installed_plugin("tea", TEA, entry_point="cocopot_tea:Needy"):
        error = error_of()
        assert error.place is not None
        assert error.place.read_line() == "def __init__(self, app): ..."
    assert "missing 1 required positional argument: 'app'" in error.problem
    assert "instantiated without arguments" in error.cure


def test_a_class_that_raises_itself() -> None:
    """A `TypeError` from inside is at its own place."""
    with installed_plugin("tea", TEA, entry_point="cocopot_tea:Broken"):
        error = error_of()
        assert error.place is not None
        assert error.place.read_line() == "int(None)"
    assert "instantiated without arguments" not in error.cure
