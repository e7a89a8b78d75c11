from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from cocopot_devtools.check_plugin import command
from cocopot_devtools.checks.rules import RULES

from cocopot.cli import main
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

WARNED = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_setup(app):
        app.extensions["demo"] = {}
    """
FAULTY = WARNED + "    app.extensions.missing"
VISITS = """
    from cocopot import Request, Response

    @hookimpl
    def cocopot_before_request(request: Request) -> None:
        g.visits = 1

    @hookimpl
    def cocopot_after_request(response: Response) -> None:
        response.headers["X-Visits"] = str(g.visits)
    """
WARNINGS = ("CP602", "CP703", "CP704", "CP705")
KEYS = {
    "code",
    "name",
    "severity",
    "message",
    "plugin",
    "file",
    "line",
    "reason",
    "fix",
}


DOCUMENT = (Path(__file__).parents[3] / "docs" / "check-plugin.md").read_text("utf-8")


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["check-plugin", "--no-cost", *args])


def check(source: str, *args: str, **options: Any) -> Result:
    with installed_plugin("demo", source, dependencies=["cocopot>=1.0"], **options):
        return run("demo", *args)


@pytest.mark.parametrize(
    ("args", "exit_code", "last"),
    [
        (["--verbose"], 0, "0 errors, 4 warnings"),
        (["--strict"], 1, "0 errors, 4 warnings"),
        (["--strict", *(f"--ignore={code}" for code in WARNINGS)], 0, "0 errors, 0 warnings"),
    ],
)
def test_exit_code(args: list[str], exit_code: int, last: str) -> None:
    """Warnings fail only if they are to; the last line counts; what was found right is listed on request."""
    result = check(WARNED, *args)
    assert (result.exit_code, result.output.splitlines()[-1]) == (exit_code, last)
    listed = result.output.partition("\nPassed\n")[2].split("\n\n")[0]
    assert ("  CP101 no-entry-point" in listed) is ("--verbose" in args)
    assert "CP602" not in listed


def test_text() -> None:
    """Findings are sorted by severity, each with code, place, what, why and fix."""
    result = check(FAULTY, "--ignore=CP601")
    head, _, text = result.output.partition("\n\nErrors\n")
    assert result.exit_code == 1
    assert head == "cocopot-demo 1.0.0: demo (cocopot_demo)"
    first, _, rest = text.partition("\n")
    assert first == "  CP204 setup-fails"
    words = " ".join(rest.split())
    assert "/cocopot_demo.py:7: It failed in cocopot_setup: AttributeError: 'dict' object has no " in words
    assert " Why: An application in whose environment" in words
    assert " Fix: Let cocopot_config_defaults" in words
    assert "\n\nWarnings\n  CP602 unannotated-hook\n" in text
    assert "Not checked: CP205, " in text
    assert text.endswith("\n1 error, 4 warnings\n")


def test_the_example_in_the_documentation(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What check-plugin.md shows is what a plugin gets that relies on a hook before."""
    monkeypatch.chdir(project(VISITS, "visits"))
    example = DOCUMENT.partition("```console\n$ cocopot check-plugin . --no-cost\n")[2]
    assert run(".").output == example.partition("```")[0]


def test_json() -> None:
    """The same is there for programs, with the codes of all rules."""
    result = check(FAULTY, "--json")
    data = json.loads(result.output)
    assert (result.exit_code, data["distribution"], data["version"]) == (1, "cocopot-demo", "1.0.0")
    assert (data["plugins"], data["errors"], data["warnings"]) == ({"demo": "cocopot_demo"}, 1, 4)
    assert all(finding.keys() == KEYS for finding in data["findings"])
    first = data["findings"][0]
    assert (first["code"], first["plugin"], first["line"]) == ("CP204", "demo", 7)
    warnings = [finding for finding in data["findings"] if finding["severity"] == "warning"]
    assert warnings[-1]["file"] is None
    section = DOCUMENT.partition("\n## JSON\n")[2].partition("\n## ")[0]
    assert [key for key in {*data, *first} if f"`{key}`" not in section] == []
    codes = {*data["passed"], *data["undecided"], *(finding["code"] for finding in data["findings"])}
    assert codes == RULES.keys()


def test_configuration() -> None:
    """Values are JSON, or text."""
    source = """
        from cocopot import hookimpl

        @hookimpl
        def cocopot_startup(app):
            assert (app.config["DEMO_NUMBERS"], app.config["DEMO_URL"]) == ([1, 2], "redis://x=y")
        """
    assert check(source, "--config", "DEMO_NUMBERS=[1, 2]", "--config=DEMO_URL=redis://x=y").exit_code == 0
    assert check(source, "--config", "DEMO_NUMBERS=[1, 2]").exit_code == 1


def test_several_plugins_are_named() -> None:
    """If a distribution has more than one plugin, a finding states which one it concerns."""
    values = {"one": "cocopot_both", "two": "cocopot_both:nothing"}
    with installed_plugin(values, "", distribution="cocopot-both"):
        output = run("cocopot-both").output
    assert output.startswith("cocopot-both 1.0.0: one (cocopot_both), two (cocopot_both:nothing)\n")
    assert "\n  CP102 entry-point-fails\n" in output
    assert "plugin two: 'cocopot_both:nothing' cannot be loaded: " in " ".join(output.split())


def test_what_a_terminal_would_obey() -> None:
    """Control characters and halves of characters, which a plugin may raise, are shown as escapes."""
    result = check("raise ValueError('\\x1b[31m \\ud800 \\u00e4')")
    assert "ValueError: \\x1b[31m \\ud800 \u00e4" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["nothing-of-that-name"], "There is nothing to check under 'nothing-of-that-name'"),
        (["demo", "--ignore", "CP999"], "There is no 'CP999'."),
        (["demo", "--config", "lower=1"], "'lower=1' is not KEY=VALUE with an upper-case key."),
        (["demo", "--config", "DEMO"], "'DEMO' is not KEY=VALUE with an upper-case key."),
        (["demo", "--timeout", "0"], "0.0 is not in the range"),
        (["demo", "--timeout", "nan"], "nan is not in the range"),
        (["demo", "--timeout", "1e30"], "1e+30 is not in the range 0<x<=86400."),
        ([], "Missing argument 'DIST_OR_PATH'"),
    ],
)
def test_usage(args: list[str], expected: str) -> None:
    """What the command cannot work with is a usage error, which states what is wrong."""
    result = run(*args)
    assert result.exit_code == 2
    assert expected in " ".join(result.output.split())


def test_the_timeout_is_passed_on() -> None:
    """A plugin that takes longer is a finding."""
    result = check("import time; time.sleep(60)", "--timeout", "1")
    assert "It did not return within 1 seconds, while " in " ".join(result.output.split())


def test_names_are_completed() -> None:
    """A shell completes the names of plugins and of their distributions, and otherwise paths."""
    shell = ShellComplete(command, {}, "check-plugin", "_CHECK_COMPLETE")
    with installed_plugin("demo", WARNED):
        names = {item.value for text in ("dem", "cocopot-d") for item in shell.get_completions([], text)}
        paths = [(item.type, item.value) for item in shell.get_completions([], "./dem")]
    assert names == {"demo", "cocopot-demo"}
    assert paths == [("file", "./dem")]
