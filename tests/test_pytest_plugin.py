"""The pytest plugin, in runs of pytest of their own."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cocopot.pytest_plugin import parse_configuration
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

# A run inside this one forgets at its end what it has imported. importlib_metadata puts its finder in the
# place of the standard library's when it is imported: it must be there already.
for module in ("importlib_metadata", "cocopot.cli.loading"):
    importlib.import_module(module)

STRICT = """
    from cocopot import hookimpl

    class Strict:
        @hookimpl
        def cocopot_config_defaults(self):
            return {"STRICT_ON": True}

        @hookimpl
        def cocopot_before_request(self, app):
            return "strict" if app.config["STRICT_ON"] else None
"""
APP = """
    from cocopot import Cocopot

    ends = []

    def create_app():
        made = Cocopot(__name__, autoload=False)
        made.on_shutdown(lambda: ends.append(made.testing))
        made.add_url_rule("/", "index", lambda: "index")
        return made

    shop = create_app()
"""


@pytest.fixture
def strict() -> Iterator[None]:
    """Install a plugin that responds unless it is configured not to."""
    with installed_plugin("strict", STRICT, entry_point="cocopot_strict:Strict"):
        yield


@pytest.fixture
def run(pytester: pytest.Pytester) -> Any:
    """Run pytest on a test module, with ini options; every warning is an error."""

    def run(source: str, *options: str, **ini: str) -> pytest.RunResult:
        lines = [f"{name} =\n    " + value.replace("\n", "\n    ") for name, value in ini.items()]
        pytester.makeini("\n".join(["[pytest]", "filterwarnings = error", *lines]))
        pytester.makepyfile(source)
        return pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:hypothesispytest", "-v", *options)

    return run


# -------------------------------------------------------------------------
# Fixtures
# -------------------------------------------------------------------------


def test_default_application(run: Any) -> None:
    """Without configuration `app` is an application in test mode, without installed plugins."""
    result = run("""
        from pathlib import Path
        from cocopot.testing import Client, CliRunner

        def test(app, client, runner):
            assert (app.testing, app.name) == (True, "test_default_application")
            assert app.plugins.records("plugin") == []
            assert app.root_path == str(Path(__file__).parent)
            assert isinstance(client, Client) and client.application is app
            assert isinstance(runner, CliRunner) and runner.app is app
    """)
    result.assert_outcomes(passed=1)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("names", ["strict", "all"])
def test_plugins(run: Any, names: str) -> None:
    """`cocopot_plugins` names the installed plugins that `app` loads."""
    result = run(
        """
        def test(app, client):
            assert "strict" in [record.name for record in app.plugins.records("plugin")]
            assert client.get("/").text == "strict"
        """,
        cocopot_plugins=names,
    )
    result.assert_outcomes(passed=1)


def test_hook_recorder(run: Any) -> None:
    """`hook_recorder` sees the calls of the test, and no others."""
    result = run("""
        def test_one(app, client, hook_recorder):
            assert hook_recorder.calls == []
            client.get("/")
            assert hook_recorder.hooks[0] == "cocopot_dispatch_request"

        def test_two(hook_recorder):
            assert hook_recorder.calls == []
    """)
    result.assert_outcomes(passed=2)


def test_an_application_of_the_projects_own(run: Any) -> None:
    """The other fixtures use an `app` that the tests define, also one for the whole session."""
    result = run("""
        import pytest
        from cocopot.testing import make_app

        @pytest.fixture(scope="session")
        def app(cocopot_config):
            made = make_app(config=cocopot_config)
            made.add_url_rule("/", "index", lambda: "own")
            return made

        def test_one(client, hook_recorder):
            assert client.get("/").text == "own"
            assert hook_recorder.of("cocopot_dispatch_request") == ["builtin.dispatch"]

        def test_two(client, app):
            assert app.started
    """)
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("target", ["shop:create_app", "shop:shop", "shop.py"])
def test_application_by_name(run: Any, pytester: pytest.Pytester, target: str) -> None:
    """`cocopot_app` names an application or a factory; it is closed and configured back after each test."""
    pytester.makepyfile(shop=APP)
    result = run(
        """
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test(app, client, number):
            assert client.get("/").text == "index"
            app.config["TESTING"] = number == 2

        def test_ends():
            import shop
            assert shop.ends == [False, True]
            assert shop.shop.testing is False
        """,
        cocopot_app=target,
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("target", ["shop:create_app", "shop.py"])
def test_application_by_name_from_another_folder(
    run: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """`cocopot_app` starts from the folder of pytest's configuration, wherever pytest is started."""
    pytester.makepyfile(shop=APP)
    monkeypatch.chdir(pytester.mkdir("tests"))
    test = "from pathlib import Path\ndef test(app):\n    assert Path.cwd().name == 'tests'\n"
    run(test, "..", cocopot_app=target).assert_outcomes(passed=1)


def test_no_application(run: Any) -> None:
    """If `cocopot_app` names no application, the test fails with the message and without a traceback."""
    result = run("def test(app): ...", cocopot_app="nowhere:app")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["cocopot_app = nowhere:app in pytest's configuration: The application * was not found*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


# -------------------------------------------------------------------------
# Configurations
# -------------------------------------------------------------------------

BOTH = """
    def test_with(client, app):
        assert (client.get("/").text == "strict") is app.config["STRICT_ON"]

    def test_without():
        pass
"""


@pytest.mark.usefixtures("strict")
def test_several_configurations(run: Any) -> None:
    """A test that uses `app` runs once with each configuration, which its name shows."""
    result = run(BOTH, cocopot_plugins="strict", cocopot_config="STRICT_ON=true\nSTRICT_ON=false OTHER=a")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines_random(
        ["*::test_with?STRICT_ON=true? PASSED*", "*::test_with?STRICT_ON=false OTHER=a? PASSED*"]
    )


@pytest.mark.usefixtures("strict")
def test_options_replace_the_ini_option(run: Any) -> None:
    """`--cocopot-config` is for one run, and may be passed several times."""
    options = ["--cocopot-config=STRICT_ON=false", "--cocopot-config=STRICT_ON=true", "--cocopot-config=A=1"]
    result = run(BOTH, *options, cocopot_plugins="strict", cocopot_config="B=1\nC=1\nD=1")
    result.assert_outcomes(passed=4)
    result.stdout.no_fnmatch_line("*B=1*")


def test_configurations_reach_an_application_of_the_projects_own(run: Any) -> None:
    """A project's own `app` runs once per configuration if it uses `cocopot_config`, otherwise once."""
    result = run(
        """
        import pytest

        class TestPart:
            @pytest.fixture
            def app(self, cocopot_config):
                return cocopot_config["A"]

            def test(self, app):
                assert app in (1, 2)

        class TestNone:
            @pytest.fixture
            def app(self):
                return 3

            def test(self, app):
                assert app == 3
        """,
        cocopot_config="A=1\nA=2",
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("names", ["'cocopot_config'", "'x, cocopot_config'.replace(' ', '').split(',')[1:]"])
def test_a_test_with_configurations_of_its_own(run: Any, names: str) -> None:
    """A test that is parametrized with pytest's own mark uses its own configurations."""
    values = "[{'A': 5}]" if names.startswith("'c") else "[[{'A': 5}]]"
    result = run(
        f"""
        import pytest

        @pytest.mark.parametrize({names}, {values})
        def test(app):
            assert app.config["A"] == 5
        """,
        cocopot_config="A=1\nA=2",
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("", {}),
        ("A=1", {"A": 1}),
        ("""A=true B_C=text D='["x", null]' E='two words' F= G=a=b""", None),
    ],
)
def test_values(text: str, config: dict[str, Any] | None) -> None:
    """Values are JSON, or else text."""
    long = {"A": True, "B_C": "text", "D": ["x", None], "E": "two words", "F": "", "G": "a=b"}
    assert parse_configuration(text) == (long if config is None else config)


@pytest.mark.parametrize(
    ("ini", "message"),
    [
        ({"cocopot_config": "A"}, "'A' in the configuration 'A' is not NAME=VALUE"),
        ({"cocopot_config": "B=1\nC=2 a=1"}, "'a=1' in the configuration 'C=2 a=1' is not NAME=VALUE"),
        ({"cocopot_config": "A=False"}, "'A=False' in the configuration 'A=False' would be a text"),
        ({"cocopot_config": "A='b"}, """The configuration "A='b" is invalid: No closing quotation."""),
        ({"cocopot_app": "a", "cocopot_plugins": "b"}, "cocopot_app names an application, which selects"),
    ],
)
def test_wrong_options(run: Any, ini: dict[str, str], message: str) -> None:
    """Wrong options are reported before the first test runs."""
    result = run("def test(): ...", **ini)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


VISITS = """
    from cocopot import hookimpl

    class Visits:
        @hookimpl
        def cocopot_config_defaults(self):
            return {"VISITS_LIMIT": 10}

        @hookimpl
        def cocopot_setup(self, app):
            app.extensions["visits"] = 0

        @hookimpl
        def cocopot_before_request(self, app):
            app.extensions["visits"] += 1
            return ("Enough.", 429) if app.extensions["visits"] > app.config["VISITS_LIMIT"] else None
"""


@pytest.mark.parametrize("left_out", ["", "conftest.py"])
def test_the_documented_run(pytester: pytest.Pytester, left_out: str) -> None:
    """The files in docs/testing.md pass, under the names that it shows, also with the documented `app`."""
    text = (Path(__file__).parents[1] / "docs" / "testing.md").read_text("utf-8")
    section = text.partition("\n## With pytest\n")[2]
    files = re.findall(r"```(?:toml|python)\n# (\S+)\n(.*?)```", section, re.DOTALL)
    assert [name for name, _ in files] == ["pyproject.toml", "test_visits.py", "conftest.py"]
    for name, content in files:
        if name != left_out:
            pytester.path.joinpath(name).write_text(content, "utf-8")
    with installed_plugin("visits", VISITS, entry_point="cocopot_visits:Visits"):
        result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:hypothesispytest", "-v")
    passed = re.findall(r"^test_visits\S+ PASSED", section, re.MULTILINE)
    result.stdout.re_match_lines_random([re.escape(line) for line in passed])
    result.assert_outcomes(passed=len(passed))


# -------------------------------------------------------------------------
# Beside others
# -------------------------------------------------------------------------

OTHER = """
    import pytest

    @pytest.fixture
    def app():
        return "other app"

    @pytest.fixture
    def client():
        return "other client"

    @pytest.fixture
    def runner(missing_fixture):
        return "other runner"
"""


@pytest.mark.parametrize("order", [["other", "cocopot.pytest_plugin"], ["cocopot.pytest_plugin", "other"]])
def test_another_plugins_fixtures_win(pytester: pytest.Pytester, run: Any, order: list[str]) -> None:
    """In a project of another framework, its pytest plugin's `client` is there, whichever is loaded first."""
    pytester.makepyfile(other=OTHER)
    pytester.syspathinsert()
    result = run(
        """
        def test_client(app, client):
            assert (app, client) == ("other app", "other client")

        def test_runner(runner):
            pass
        """,
        "-p",
        "no:cocopot",
        *(f"-p{name}" for name in order),
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'missing_fixture' not found"])


def test_without_the_plugin(run: Any) -> None:
    """`-p no:cocopot` takes it away."""
    result = run("def test(app): ...", "-p", "no:cocopot")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'app' not found"])


def test_a_run_that_has_nothing_to_do_with_it(pytester: pytest.Pytester) -> None:
    """Where no fixture is used, neither the test client nor the command line is imported."""
    pytester.makepyfile("""
        import sys

        def test():
            assert "cocopot.pytest_plugin" in sys.modules
            assert not {"cocopot.testing", "cocopot.cli", "click.testing"} & sys.modules.keys()
    """)
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV"))}
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "pytest",
        "-p",
        "no:randomly",
        "-p",
        "no:cov",
        str(pytester.path),
    ]
    process = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 0, process.stdout
    assert "1 passed" in process.stdout
