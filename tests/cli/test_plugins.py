from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from click.testing import CliRunner

from cocopot.cli import main
from cocopot.cli.plugin_reports import PluginReport
from cocopot.cli.plugins_text import dot_lines, graph_lines, plugin_lines
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from click.testing import Result

DOCS = Path(__file__).parents[2] / "docs" / "plugins.md"
SHOP = """
    from cocopot import Blueprint, Cocopot, hookimpl

    class Session:
        plugin_name = "session"
        after = ("metrics",)

        @hookimpl
        def cocopot_before_request(self, app, request): ...

        @hookimpl
        def cocopot_after_request(self, app, request, response): ...

    class Login:
        plugin_name = "login"
        requires = ("session",)

        @hookimpl(wrapper=True, tryfirst=True)
        def cocopot_before_request(self, app, request):
            return (yield)

        @hookimpl
        def cocopot_teardown_request(self, app, request, exc): ...

    app = Cocopot(__name__, autoload=False, plugins=[Login, Session])
    admin = Blueprint("admin", __name__)

    @app.before_request
    def load_user(): ...

    @admin.before_request
    def must_be_staff(): ...

    @admin.get("/admin")
    def overview():
        return "admin"

    @app.get("/")
    def index():
        return "index"

    app.register_blueprint(admin)
    """
BROKEN = """
    from cocopot import Cocopot, hookimpl

    class Broken:
        plugin_name = "broken"

        @hookimpl
        def cocopot_setup(self, app):
            return {}["nothing"]

    class Sound:
        plugin_name = "sound"

    app = Cocopot(__name__, autoload=False, plugins=[Broken, Sound])
    """
BRINGS = """
    from cocopot import Cocopot, hookimpl, hookspec

    class Brings:
        class Specs:
            @hookspec
            def shop_order(self, article): ...

        @hookimpl
        def cocopot_addhooks(self, pluginmanager):
            pluginmanager.add_hookspecs(self.Specs)

        @hookimpl(optionalhook=True)
        def cocopot_of_nobody(self): ...

    app = Cocopot(__name__, autoload=False, plugins=[Brings])
    """
LATE = """
    from cocopot import Cocopot, hookimpl

    class Late:
        @hookimpl
        def {hook}: {body}

    app = Cocopot(__name__, autoload=False)
    app.plugins.register(Late(), "late")
    """

BROKEN_POINTS = "[cocopot.plugins]\ndemo\n"


class Run(Protocol):
    """Runs `cocopot plugins` for an application with a source, and returns what became of it."""

    def __call__(self, source: str, *args: str, code: int = 0) -> Result: ...


@pytest.fixture
def run(folder: Path) -> Run:
    def invoke(source: str, *args: str, code: int = 0) -> Result:
        if source:
            folder.joinpath("shop.py").write_text(textwrap.dedent(source), "utf-8")
            sys.modules.pop("shop", None)
            args = ("--app", "shop", "plugins", *args)
        else:
            args = ("plugins", *args)
        result = CliRunner().invoke(main, args, prog_name="cocopot")
        assert result.exit_code == code, result.output
        return result

    return invoke


def section(output: str, heading: str) -> list[list[str]]:
    """Return the lines below a heading, up to an empty one, in columns."""
    _, _, rest = output.partition(f"{heading}\n")
    return [re.split(r"\s{2,}", line.strip()) for line in rest.partition("\n\n")[0].splitlines()]


# -------------------------------------------------------------------------
# The list
# -------------------------------------------------------------------------


def test_every_plugin_is_listed_in_load_order(run: Run) -> None:
    """Each has its state, its place relative to the working directory, its needs, and its hooks."""
    lines = [line.strip() for line in run(SHOP).stdout.splitlines()]
    assert lines[0] == "Plugins of shop, in load order:"
    begin = lines.index("1. session (passed) loaded")
    assert lines[begin + 1 : begin + 4] == [
        "source      shop.py:4",
        "after       metrics",
        "hooks       cocopot_before_request, cocopot_after_request",
    ]
    begin = lines.index("2. login (passed) loaded")
    assert "requires    session" in lines[begin:]


def test_a_failed_plugin_is_skipped_and_shown_with_the_reason(run: Run) -> None:
    """It breaks neither the application nor the command, and nothing about it is logged."""
    result = run(BROKEN)
    assert "   - broken (passed) failed\n" in result.stdout
    assert "failed in cocopot_setup: KeyError: 'nothing'" in result.stdout
    assert 'shop.py:9: return {}["nothing"]' in result.stdout
    assert "  1. sound (passed) loaded" in result.stdout
    assert (result.stderr, "Traceback" in result.stdout) == ("", False)


def test_verbose_shows_the_traceback(run: Run) -> None:
    """The plugin's own exception is there, with the line that raised it."""
    output = run(BROKEN, "--verbose").stdout
    assert "Traceback (most recent call last)" in output
    assert output.index("KeyError: 'nothing'") < output.index(
        "cocopot.exceptions.PluginError: Plugin 'broken'"
    )


@pytest.mark.parametrize("option", [(), ("--check",), ("--json",), ("--verbose",), ("--json", "--verbose")])
@pytest.mark.parametrize("whose", ["plugin", "application"])
def test_secrets_in_errors_are_masked(option: tuple[str, ...], whose: str, run: Run) -> None:
    """A password that an exception reports is in no output; the rest of the exception is."""
    fails = 'raise ConnectionError("no db://u:" + "hid" "den@h/shop")'
    source = BROKEN.replace('return {}["nothing"]', fails) if whose == "plugin" else f"{fails}\n"
    output = run(source, *option, code=int("--check" in option and whose == "plugin")).output
    assert "ConnectionError: no db://u:********@h/shop" in output
    assert "hidden" not in output


def test_the_environment_is_as_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that lets broken plugins be skipped is set for the load only."""
    monkeypatch.delenv("COCOPOT_PLUGIN_ERRORS", raising=False)
    run(BROKEN)
    assert "COCOPOT_PLUGIN_ERRORS" not in os.environ
    monkeypatch.setenv("COCOPOT_PLUGIN_ERRORS", "raise")
    run(BROKEN)
    assert os.environ["COCOPOT_PLUGIN_ERRORS"] == "raise"


def test_other_warnings_are_still_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """A misspelled name to disable is not hidden."""
    run(SHOP.replace("autoload=False", "autoload=False, disable={'sesion'}"))
    assert "'sesion', which is not installed. Did you mean 'session'" in caplog.text


@pytest.mark.parametrize(
    ("autoload", "line", "code"),
    [
        ("True", "   - cocopot-demo (cocopot-demo 1.0.0) failed\n", 1),
        ("{'cors'}", "   - cocopot-demo (cocopot-demo 1.0.0) not selected by autoload=\n", 0),
    ],
)
def test_a_distribution_that_cannot_be_read_is_shown(run: Run, autoload: str, line: str, code: int) -> None:
    """It represents the plugins that it may provide, with the reason; nothing is logged beside that."""
    source = SHOP.replace("autoload=False", f"autoload={autoload}")
    with installed_plugin("demo", "") as plugin:
        plugin.path.joinpath("cocopot_demo-1.0.0.dist-info", "entry_points.txt").write_text(BROKEN_POINTS)
        result = run(source, "--check", code=code)
    assert line in result.stdout
    assert "The entry points of the distribution cocopot-demo 1.0.0 cannot be read: a line" in result.stdout
    assert result.stderr == ("Failed: cocopot-demo.\n" if code else "")


def test_without_plugins_the_output_states_so() -> None:
    """An empty list is not a silence."""
    assert list(plugin_lines([], "shop", verbose=False)) == ["No plugins."]


# -------------------------------------------------------------------------
# Without an application
# -------------------------------------------------------------------------


def test_without_an_application_installed_plugins_are_shown(run: Run) -> None:
    """Standard error states what was looked for; nothing is called loaded."""
    result = run("", "--hook", "dispatch_request", "--check")
    assert result.stderr == "Without an application; --app names one.\n"
    assert "loaded" not in result.stdout
    assert section(result.stdout, "cocopot_dispatch_request")[-1][1:4] == [
        "builtin.dispatch",
        "trylast",
        "built in",
    ]


def test_an_error_of_the_application_is_not_one_of_a_plugin(run: Run) -> None:
    """One line states what it raised and where; plugins are shown without it, and none of them failed."""
    result = run("limit = 1\nlimit / 0\n", "--check")
    assert re.fullmatch(
        r"The application cannot be loaded: ZeroDivisionError: division by zero \(.*shop\.py:2\)\. "
        r"Plugins are shown without it\.\n",
        result.stderr,
    )
    assert "loaded" not in result.stdout


def test_verbose_shows_the_application_s_traceback(run: Run) -> None:
    """It begins at the application's own frame."""
    result = run("limit = 1\nlimit / 0\n", "--verbose")
    assert result.stderr.splitlines()[1].strip().endswith('shop.py", line 2, in <module>')


def test_what_the_application_prints_does_not_disturb(run: Run) -> None:
    """What is printed while modules are imported goes to standard error."""
    result = run(f"print('hello')\n{textwrap.dedent(SHOP)}", "--json")
    assert json.loads(result.stdout)["application"] == "shop"
    assert "hello" in result.stderr


# -------------------------------------------------------------------------
# Hooks
# -------------------------------------------------------------------------


def test_hooks_are_shown_with_all_that_they_run(run: Run) -> None:
    """Plugins, functions, blueprints' functions and built-in defaults are in order, with their places."""
    output = run(SHOP, "--hooks").stdout
    meaning, *rows = section(output, "cocopot_before_request")
    assert meaning == [
        "The first result stops the rest. Order: in load order, then the application, then what is built in."
    ]
    assert rows == [
        ["1.", "login", "wrapper, tryfirst", "shop.py:19"],
        ["2.", "session", "shop.py:9"],
        ["3.", "app.before_request: shop.load_user", "shop.py:29"],
        ["4.", "bp.admin.before_request: shop.must_be_staff", "blueprint admin", "shop.py:32"],
    ]
    assert "builtin.dispatch" in output
    assert "cocopot_startup" not in output


def test_hooks_say_what_becomes_of_results(run: Run) -> None:
    """One line for each hook explains its kind; with --all, also of hooks without implementations."""
    output = run(SHOP, "--all").stdout
    assert section(output, "cocopot_after_request")[0][0].startswith(
        "Each gets the response that the one before"
    )
    assert section(output, "cocopot_teardown_request")[0][0].startswith(
        "Every one runs, even if others raise."
    )
    assert section(output, "cocopot_startup") == [
        ["All run. Order: in load order, then the application, then what is built in."],
        ["not implemented"],
    ]


def test_hooks_of_plugins_say_who_specifies_them(run: Run) -> None:
    """The hook of a plugin names its specification; one without a specification is never called."""
    output = run(BRINGS, "--all").stdout
    assert section(output, "shop_order")[0] == [
        "All run. Order: last registered first. Specified in shop.Brings.Specs."
    ]
    unspecified = section(output, "cocopot_of_nobody")
    assert unspecified[0] == ["This hook has no specification, so it is never called."]
    assert unspecified[1][1:] == ["shop.Brings", "shop.py:14"]


@pytest.mark.parametrize("name", ["after_request", "cocopot_after_request"])
def test_one_hook_can_be_shown(name: str, run: Run) -> None:
    """The prefix may be skipped; nothing else is printed."""
    output = run(SHOP, "--hook", name).stdout
    assert output.startswith("cocopot_after_request\n")
    assert output.count("cocopot_") == 1


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("index", ["login", "session", "app.before_request: shop.load_user"]),
        (
            "admin.overview",
            [
                "login",
                "session",
                "app.before_request: shop.load_user",
                "bp.admin.before_request: shop.must_be_staff",
            ],
        ),
    ],
)
def test_one_endpoint_can_be_shown(endpoint: str, expected: list[str], run: Run) -> None:
    """What belongs to other blueprints is skipped."""
    output = run(SHOP, "--endpoint", endpoint).stdout
    assert [row[1] for row in section(output, "cocopot_before_request")[1:]] == expected


@pytest.mark.parametrize(
    ("source", "args", "text"),
    [
        (
            SHOP,
            ["--hook", "before_reqest"],
            "no 'cocopot_before_reqest'. Did you mean 'cocopot_before_request'?",
        ),
        (SHOP, ["--endpoint", "admin.overveiw"], "no 'admin.overveiw'. Did you mean 'admin.overview'?"),
        (SHOP, ["--endpoint", "zzz"], "no 'zzz'. There are: admin.overview, index"),
        ("", ["--endpoint", "index"], "--endpoint needs an application, and there is none."),
    ],
)
def test_what_is_not_there_is_a_usage_error(source: str, args: list[str], text: str, run: Run) -> None:
    """The nearest name is offered, or all of them."""
    assert text in run(source, *args, code=2).stderr


# -------------------------------------------------------------------------
# The load order
# -------------------------------------------------------------------------


def plugin(name: str, position: int | None = 1, state: str = "loaded", **facts: Any) -> PluginReport:
    return PluginReport(
        name, state, "", position, facts.pop("source", "installed"), None, None, None, **facts
    )


def test_the_load_order_shows_its_reasons(run: Run) -> None:
    """What a plugin requires, and what it comes after, is named."""
    assert run(SHOP, "--graph").stdout.splitlines()[:3] == [
        "Load order:",
        "  1.  session  by name; not after metrics, which is not loaded",
        "  2.  login    after session: it requires it",
    ]


def test_the_load_order_names_what_is_not_in_it() -> None:
    """Plugins that failed or are excluded are listed below; those registered later are marked."""
    plugins = [
        plugin("metrics"),
        plugin("session", 2, after=("metrics",)),
        plugin("late", 3, source="registered"),
        plugin("broken", None, "failed"),
        plugin("off", None, "disabled"),
    ]
    assert list(graph_lines(plugins)) == [
        "Load order:",
        "  1.  metrics  by name",
        "  2.  session  after metrics: it asks for that",
        "  3.  late     registered later, by the application",
        "",
        "Not loaded: broken (failed), off (disabled).",
    ]


def test_no_plugin_has_no_order() -> None:
    """For an empty order the output states that it is empty."""
    assert list(graph_lines([])) == ["No plugin is loaded."]


def test_the_graph_has_an_edge_for_each_need(run: Run) -> None:
    """`requires` is solid; what is named with `after` and is not loaded is dotted; that is all."""
    lines = [line.strip() for line in run(SHOP, "--dot", "--check", "--hooks").stdout.splitlines()]
    assert (lines[0], lines[-1]) == ("digraph plugins {", "}")
    assert '"login" -> "session" [label=requires, style=solid];' in lines
    assert '"session" -> "metrics" [label=after, style=dotted];' in lines
    assert '"login" [label="2. login"];' in lines
    assert '"metrics" [label="metrics\\nnot loaded", style=dotted];' in lines


def test_the_graph_quotes_names_and_marks_what_failed() -> None:
    """Whatever a plugin is called, the text stays a graph; one that is excluded is not a node."""
    plugins = [
        plugin('a"b\\'),
        plugin("c", 2, after=('a"b\\',)),
        plugin("broken", None, "failed"),
        plugin("off", None, "disabled"),
    ]
    lines = [line.strip() for line in dot_lines(plugins)]
    assert r'"a\"b\\" [label="1. a\"b\\"];' in lines
    assert r'"c" -> "a\"b\\" [label=after, style=dashed];' in lines
    assert '"broken" [label="broken", color=red];' in lines
    assert not any("off" in line for line in lines)


# -------------------------------------------------------------------------
# For programs
# -------------------------------------------------------------------------


def test_check_fails_if_a_plugin_did(run: Run) -> None:
    """The status is 1, whatever is shown; the list states why, standard error which."""
    for args in ([], ["--hooks"], ["--json"]):
        result = run(BROKEN, "--check", *args, code=1)
        assert "KeyError: 'nothing'" in result.stdout
        assert result.stderr == "Failed: broken.\n"


def test_check_succeeds_if_all_plugins_are_sound(run: Run) -> None:
    """The status is 0."""
    assert run(SHOP, "--check").stderr == ""


@pytest.mark.parametrize(
    ("hook", "body", "text"),
    [
        ("cocopot_setpu(self)", "...", "Did you mean 'cocopot_setup'?"),
        ("cocopot_setup(self, application)", "...", "has no argument 'application'"),
        ("cocopot_config_defaults(self)", "return {'lower': 1}", "names the configuration key 'lower'"),
    ],
)
def test_check_fails_if_a_plugin_that_comes_later_does(hook: str, body: str, text: str, run: Run) -> None:
    """Also one that the application registers by itself, before or after that raises."""
    result = run(LATE.format(hook=hook, body=body), "--check", code=1)
    assert text in result.output


def test_check_fails_if_an_application_needs_a_plugin_that_failed(run: Run) -> None:
    """The application raises because the plugin is skipped; what was wrong with the plugin is shown."""
    result = run(f"{textwrap.dedent(BROKEN)}\napp.extensions['broken']", "--check", code=1)
    assert "The application cannot be loaded: KeyError: 'broken' (" in result.stderr
    assert "Plugin 'broken' failed in cocopot_setup: KeyError: 'nothing'" in result.stdout


def test_the_document_has_these_keys(run: Run) -> None:
    """The keys are those that docs/plugins.md describes, whatever the document contains."""
    document = json.loads(run(BROKEN, "--json", "--hooks", "--graph").stdout)
    assert set(document) == {"application", "application_error", "plugins", "hooks"}
    broken = next(report for report in document["plugins"] if report["name"] == "broken")
    assert set(broken) == {
        *("name", "state", "reason", "position", "source", "distribution", "version", "entry_point"),
        *("place", "requires", "after", "before", "ordered_after", "hooks", "error", "warnings"),
    }
    assert set(broken["error"]) == {"message", "cause", "hook", "traceback"}
    assert broken["place"]["line"] == 4
    hook = document["hooks"][-1]
    documented = set(re.findall(r"`(\w+)`", DOCS.read_text("utf-8").partition("| key | value |")[2]))
    assert {*document, *broken, *broken["error"], *hook, *hook["implementations"][0]} <= documented
    assert set(hook) == {"name", "kind", "threaded", "order", "specified_in", "implementations"}
    assert set(hook["implementations"][0]) == {
        *("name", "origin", "marks", "distribution", "version", "blueprint", "place")
    }


def test_the_document_states_why_the_application_is_missing(run: Run) -> None:
    """Programs need not read standard error."""
    document = json.loads(run("1 / 0", "--json").stdout)
    assert document["application"] is None
    assert document["application_error"] == "ZeroDivisionError: division by zero"


def test_the_document_is_narrowed_as_the_text_is(run: Run) -> None:
    """One hook, one endpoint, or all hooks are chosen by the same options."""
    document = json.loads(run(SHOP, "--json", "--hook", "before_request", "--endpoint", "index").stdout)
    (hook,) = document["hooks"]
    assert [implementation["blueprint"] for implementation in hook["implementations"]] == [None] * 3
    empty = [
        hook
        for hook in json.loads(run(SHOP, "--json", "--all").stdout)["hooks"]
        if not hook["implementations"]
    ]
    assert "cocopot_startup" in [hook["name"] for hook in empty]


def test_the_real_command_runs(tmp_path: Path) -> None:
    """Started as a process, it finds the application in the working directory."""
    tmp_path.joinpath("app.py").write_text(textwrap.dedent(SHOP), "utf-8")
    command = [sys.executable, "-m", "cocopot", "plugins", "--check"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert "1. session (passed) loaded" in process.stdout
