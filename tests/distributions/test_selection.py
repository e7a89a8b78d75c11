from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.distributions.environments import Plugin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.distributions.environments import Environment, MakeEnvironment

LEAVES_A_MARK = """
    import os
    from pathlib import Path

    Path(os.environ.get("MARKS", "."), __name__).touch()
    """
ALLOWED = {
    "all of them by default": ({}, {}, ["alpha", "beta", "gamma"]),
    "none": ({"autoload": False}, {}, []),
    "names": ({"autoload": {"gamma", "alpha"}}, {}, ["alpha", "gamma"]),
    "an empty set": ({"autoload": set()}, {}, []),
    "all but some": ({"disable": {"beta"}}, {}, ["alpha", "gamma"]),
    "a name that is also disabled": ({"autoload": {"alpha", "beta"}, "disable": {"beta"}}, {}, ["alpha"]),
    "all, by variable": ({"autoload": {"beta"}}, {"COCOPOT_PLUGINS": "all"}, ["alpha", "beta", "gamma"]),
    "none, by variable": ({}, {"COCOPOT_PLUGINS": "none"}, []),
    "names, by variable": ({"autoload": {"alpha"}}, {"COCOPOT_PLUGINS": " gamma , beta,"}, ["beta", "gamma"]),
    "an empty variable": ({"autoload": {"beta"}}, {"COCOPOT_PLUGINS": " "}, ["beta"]),
    "none, whatever the variable": ({"autoload": False}, {"COCOPOT_PLUGINS": "all"}, []),
    "disabled by variable": ({}, {"COCOPOT_DISABLE_PLUGINS": " gamma ,alpha"}, ["beta"]),
    "disabled by both": ({"disable": {"beta"}}, {"COCOPOT_DISABLE_PLUGINS": "gamma"}, ["alpha"]),
    "a disabled name that is not there": ({"disable": {"delta"}}, {}, ["alpha", "beta", "gamma"]),
}
NOT_INSTALLED: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "argument": ({"autoload": {"alhpa", "beta"}}, {}, "autoload="),
    "variable": ({}, {"COCOPOT_PLUGINS": "alhpa,beta"}, "COCOPOT_PLUGINS"),
}


@pytest.fixture(scope="module")
def three(environment: MakeEnvironment) -> Environment:
    """An environment with three plugins that each leave a file when they are imported."""
    return environment(*(Plugin(name, LEAVES_A_MARK) for name in ("gamma", "alpha", "beta")))


@pytest.mark.parametrize(("options", "environ", "expected"), ALLOWED.values(), ids=ALLOWED)
def test_only_plugins_that_are_allowed_and_not_disabled_are_loaded(
    options: dict[str, Any], environ: dict[str, str], expected: list[str], three: Environment, tmp_path: Path
) -> None:
    """`autoload`, `disable` and their variables decide what is loaded; nothing else is even imported."""
    outcome = three.start(environ={"MARKS": str(tmp_path), **environ}, **options)
    assert outcome.names == expected
    assert sorted(mark.name for mark in tmp_path.iterdir()) == [f"cocopot_{name}" for name in expected]


@pytest.mark.parametrize(("options", "environ", "setting"), NOT_INSTALLED.values(), ids=NOT_INSTALLED)
def test_a_name_that_is_not_installed_is_an_error_that_lists_what_is(
    options: dict[str, Any], environ: dict[str, str], setting: str, three: Environment
) -> None:
    """An unknown name stops the application; the error has the setting, the nearest name and all names."""
    outcome = three.start(environ=environ, **options)
    assert f"Plugin 'alhpa', named by {setting}, is not installed." in outcome.message
    assert "Did you mean 'alpha'?" in outcome.message
    assert "Installed: alpha, beta, gamma." in outcome.message
    assert outcome.error["plugin"] == "alhpa"


def test_a_missing_name_is_an_error_where_nothing_is_installed(environment: MakeEnvironment) -> None:
    """Without any plugin the error states that none is installed."""
    assert "Installed: none." in environment().start(autoload={"cors"}).message
