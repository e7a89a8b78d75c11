from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.review import Options, review
from cocopot_devtools.checks.rules import RULES
from cocopot_devtools.checks.targets import open_target

from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cocopot_devtools.checks.review import Review

#: A hook, for a plugin that is checked for something else.
HOOK = "\n@hookimpl\ndef cocopot_startup(app: object) -> None: ..."
GOOD = """
    @hookimpl
    def cocopot_config_defaults() -> dict[str, int]:
        return {"DEMO_LEVEL": 1}

    @hookimpl
    def cocopot_startup(app: object) -> None:
        assert app.config["DEMO_LEVEL"] and app.config["SECRET_KEY"]
    """
KEYS = """
    from typing import Any

    after = ("session",)

    @hookimpl
    def cocopot_config_defaults() -> dict[str, int]:
        return {"DEMO_LEVEL": 1, "LEVEL": 2, "TEMPLATES_AUTO_RELOAD": None}

    @hookimpl
    def cocopot_setup(app: Any) -> None:
        app.config["DEMO_LEVEL"], app.config.get("DEMO_OTHER"), app.config.get("OTHER")
        app.config.get("SESSION_LIFETIME"), app.config["DEBUG"]
    """


def check(path: Path, options: Options | None = None) -> Review:
    with open_target(str(path)) as target:
        return review(target, options or Options(cost=False))


def test_a_good_project(project: Callable[..., Path]) -> None:
    """A project with nothing wrong passes every rule, and its cost is reported."""
    result = check(project(GOOD), Options())
    assert [finding.code for finding in result.findings] == ["CP801", "CP802"]
    assert {rule.code for rule in result.passed()} == RULES.keys() - {"CP801", "CP802"}
    assert (result.undecided(), result.count("info")) == ([], 2)


def test_keys(project: Callable[..., Path]) -> None:
    """Keys that are named or read belong to the plugin, to Flask or Cocopot, or to a plugin that it names."""
    result = check(project(KEYS))
    assert [(found.code, found.line, found.message) for found in result.findings] == [
        ("CP401", 10, "It names the key 'LEVEL', which does not begin with 'DEMO_'."),
        ("CP401", 15, "It reads the key 'OTHER', which does not begin with 'DEMO_'."),
        ("CP402", 15, "It reads the key 'DEMO_OTHER', which cocopot_config_defaults does not name."),
    ]
    assert {found.file for found in result.findings} == {"cocopot_demo/__init__.py"}


def test_findings_are_sorted_and_may_be_left_out(project: Callable[..., Path]) -> None:
    """The most severe come first; ignored findings are not reported."""
    folder = project("from cocopot.app import Cocopot\n\n@hookimpl\ndef cocopot_setup(app): print(app)")
    folder.joinpath("cocopot_demo", "py.typed").unlink()
    result = check(folder)
    assert [found.code for found in result.findings] == ["CP301", "CP601", "CP602"]
    assert (result.count("error"), result.count("warning")) == (1, 2)
    ignoring = check(folder, Options(cost=False, ignore=["CP301", "CP601"]))
    assert [found.code for found in ignoring.findings] == ["CP602"]


def test_a_single_module(project: Callable[..., Path]) -> None:
    """It cannot have py.typed, which is a note and no warning."""
    folder = project("")
    package = folder / "cocopot_demo"
    package.joinpath("__init__.py").rename(folder / "cocopot_demo.py")
    package.joinpath("py.typed").unlink()
    package.rmdir()
    result = check(folder)
    assert "CP603" in {found.code for found in result.findings}
    assert "CP601" not in {found.code for found in result.findings}
    assert result.count("warning") == 0


def test_what_cannot_be_decided(project: Callable[..., Path]) -> None:
    """After a failed import, what needs the plugin to run is neither right nor wrong."""
    result = check(project("import a_module_that_nobody_has"))
    assert [found.code for found in result.findings] == ["CP102"]
    stages = {rule.stage for rule in result.undecided()}
    assert stages == {"load", "setup", "requests", "cost"}


@pytest.mark.parametrize("source", ["raise SystemExit", "import os; os._exit(0)"])
def test_leaving_is_no_error_of_the_check(source: str, project: Callable[..., Path]) -> None:
    """A plugin that ends the process has a separate error."""
    assert check(project(source)).count("error") == 1


def test_printing(project: Callable[..., Path]) -> None:
    """What is printed by the import is an effect, and does not disturb the check."""
    (finding,) = check(project("print('loading ...')\n" + HOOK)).findings
    assert (finding.code, finding.message) == (
        "CP302",
        "Importing it prints to standard output, or closes it.",
    )


def test_a_duplicate_is_not_run(project: Callable[..., Path]) -> None:
    """While another distribution has the plugin's name, no application can load either."""
    with installed_plugin("demo", "", distribution="cocopot-older"):
        result = check(project("import a_module_that_nobody_has"))
    assert [found.code for found in result.findings] == ["CP103"]
    assert "load" in {rule.stage for rule in result.undecided()}


def test_several_plugins() -> None:
    """Each plugin of a distribution is checked; a rule is decided if it is for all of them."""
    values = {"one": "cocopot_both", "two": "cocopot_both:nothing"}
    with (
        installed_plugin(values, "", distribution="cocopot-both", dependencies=["cocopot>=1"]),
        open_target("cocopot-both") as target,
    ):
        result = review(target, Options(cost=False))
    assert [(found.code, found.plugin) for found in result.findings if found.plugin] == [
        ("CP102", "two"),
        ("CP107", "one"),
    ]
    assert "setup" not in result.stages


def test_a_requirement_whose_distribution_is_not_required(project: Callable[..., Path]) -> None:
    """The plugin that is required must be installed with this one."""
    with installed_plugin("users", ""):
        result = check(project("requires = ('users',)"))
    assert [found.code for found in result.findings] == ["CP706"]


def test_configuration(project: Callable[..., Path]) -> None:
    """With the configuration that it needs, a plugin is checked to the end."""
    folder = project(
        """
        @hookimpl
        def cocopot_config_defaults() -> dict[str, None]:
            return {"DEMO_URL": None}

        @hookimpl
        def cocopot_startup(app: object) -> None:
            if app.config["DEMO_URL"] is None:
                raise PluginError("Set DEMO_URL.")
        """
    )
    assert [found.code for found in check(folder).findings] == ["CP206"]
    configured = check(folder, Options({"DEMO_URL": "x"}, cost=False))
    assert (configured.findings, "requests" in configured.stages) == ([], True)
