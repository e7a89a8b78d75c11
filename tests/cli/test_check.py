"""`cocopot check`."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest

from cocopot import Cocopot, hookimpl
from cocopot.exceptions import PluginError
from tests.cli.processes import cocopot
from tests.cli.support import run

if TYPE_CHECKING:
    from pathlib import Path

#: Settings with which nothing is found.
GOOD = {"TRUSTED_HOSTS": ["shop.example"], "MAX_CONTENT_LENGTH": 10_000_000}


class Pool:
    """A plugin that fails at startup and at shutdown."""

    plugin_name = "pool"

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        raise ValueError("postgres://ada:hidden@db is not reachable")

    @hookimpl
    def cocopot_shutdown(self, app: Cocopot) -> None:
        raise ValueError("nothing to close")


class Mail:
    """A plugin that raises a `PluginError` at startup, and fails to register its commands."""

    plugin_name = "mail"

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        raise PluginError("MAIL_HOST is missing.", plugin="mail", cure="Set it.")

    @hookimpl
    def cocopot_register_commands(self, cli: click.Group) -> None:
        raise ValueError("no commands today")


def make_app(*plugins: object, **config: Any) -> Cocopot:
    app = Cocopot("shop", autoload=False, plugins=plugins, root_path=".")
    app.config.update({**GOOD, **config})
    return app


def findings(app: Cocopot, *, code: int = 0) -> list[dict[str, str]]:
    document = json.loads(run(app, "check", "--json", code=code))
    found: list[dict[str, str]] = document["findings"]
    assert document["application"] == app.name
    assert document["errors"] + document["warnings"] == len(found)
    return found


def test_nothing_to_report() -> None:
    """An application that is in order is started and closed, and nothing is reported."""
    app, calls = make_app(), []
    app.on_startup(lambda: calls.append("startup"))
    app.on_shutdown(lambda: calls.append("shutdown"))
    assert run(app, "check", "--strict") == "0 errors, 0 warnings\n"
    assert calls == ["startup", "shutdown"]


def test_startup() -> None:
    """Every startup hook that raises is an error with its plugin and place, and secrets are masked."""
    app = make_app(Pool, Mail)
    app.on_startup(lambda: os.environ["MISSING"])
    found = findings(app, code=1)
    assert [(f["kind"], f["plugin"], f["problem"].partition("\n")[0]) for f in found] == [
        ("plugin", "mail", "ValueError: no commands today"),
        ("plugin", "mail", "MAIL_HOST is missing."),
        ("startup", "pool", "ValueError: postgres://ada:********@db is not reachable"),
        ("startup", None, "KeyError: 'MISSING'"),
    ]
    assert found[1]["cure"] == "Set it."
    assert f"{__file__}:" in found[2]["place"]
    assert all("hook cocopot_startup" in fault["problem"] for fault in found[1:3])


def test_invalid_configuration() -> None:
    """Each invalid value is an error, beside what the startup hooks find."""
    found = findings(make_app(Pool, MAX_FORM_PARTS="many", JSON_MIMETYPE="json"), code=1)
    assert [f["kind"] for f in found] == ["configuration", "configuration", "startup"]
    assert found[0]["problem"].startswith(f"JSON_MIMETYPE = 'json' (code {__file__}:")


def test_shutdown() -> None:
    """Every shutdown hook that raises is an error."""
    app = make_app()
    app.on_shutdown(lambda: os.environ["ONE"])
    app.on_shutdown(lambda: os.environ["TWO"])
    found = findings(app, code=1)
    assert [(f["kind"], f["problem"].partition("\n")[0]) for f in found] == [
        ("shutdown", "KeyError: 'TWO'"),
        ("shutdown", "KeyError: 'ONE'"),
    ]


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("DEBUG", True, "DEBUG is on"),
        ("TESTING", True, "TESTING is on"),
        ("PROPAGATE_EXCEPTIONS", True, "PROPAGATE_EXCEPTIONS is on"),
        ("TRAP_HTTP_EXCEPTIONS", True, "TRAP_HTTP_EXCEPTIONS is on"),
        ("TRAP_BAD_REQUEST_ERRORS", True, "TRAP_BAD_REQUEST_ERRORS is on"),
        ("SECRET_KEY", "dev", "SECRET_KEY can be guessed"),
        ("SECRET_KEY", b"a" * 40, "SECRET_KEY can be guessed"),
        ("SECRET_KEY", "change-me-before-you-deploy-this-shop", "SECRET_KEY can be guessed"),
        ("TRUSTED_HOSTS", None, "TRUSTED_HOSTS is None"),
        ("MAX_CONTENT_LENGTH", None, "MAX_CONTENT_LENGTH is None"),
        ("SERVER_NAME", "localhost:5000", "SERVER_NAME is localhost:5000"),
        ("SERVER_NAME", "[::1]:5000", "SERVER_NAME is [::1]:5000"),
        ("SERVER_NAME", "shop.example", "PREFERRED_URL_SCHEME is http"),
        ("DATABASE", "sqlite:///:memory:", "DATABASE is 'sqlite:///:memory:'"),
        ("CACHE_URL", "memory://", "CACHE_URL is 'memory://'"),
        ("TRUSTED_HOST", "shop.example", "TRUSTED_HOST is not a key of Cocopot."),
    ],
)
def test_production(key: str, value: object, text: str) -> None:
    """A setting that does not suit production is a warning with its cure, and an error with --strict."""
    (found,) = findings(make_app(**{key: value}))
    assert found["severity"] == "warning"
    assert text in found["problem"]
    assert found["cure"]
    assert "0 errors, 1 warning\n" in run(make_app(**{key: value}), "check", "--strict", code=1)


def test_a_key_similar_to_one_of_a_plugin() -> None:
    """A key that no plugin declares, and that is similar to a declared one, is a warning with that one."""

    class Post:
        plugin_name = "post"

        @hookimpl
        def cocopot_config_defaults(self) -> dict[str, object]:
            return {"POST_SERVER": None, "POST_SERVERS": None}

    (found,) = findings(make_app(Post(), POST_SERVER="mx", POST_SEVRER="mx", POST_BOX="in"))
    assert found["problem"] == "The key POST_SEVRER is not a key of the plugin 'post'."
    assert found["cure"] == "Did you mean POST_SERVER?"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DATABASE", "sqlite:////srv/shop.sqlite"),
        ("PAGE_SIZE", 20),
        ("SECRET_KEY", "bf0aa2d0c5a6a1d3c5d7a9a3c2a9d47c0a1ec9a0f1f3a4f9"),
        ("SHOP_DEBUG_LEVEL", 3),
    ],
)
def test_suits_production(key: str, value: object) -> None:
    """Other settings are not reported."""
    assert findings(make_app(**{key: value})) == []


def test_variable_that_nothing_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable that nothing reads is a warning."""
    monkeypatch.setenv("COCOPOT_PAGE_SIZE", "20")
    (found,) = findings(make_app())
    assert (found["kind"], "COCOPOT_PAGE_SIZE is set" in found["problem"]) == ("environment", True)


APP = """
from cocopot import Cocopot, hookimpl

class {name}:
    plugin_name = "birds"

    @hookimpl
    def {hook}(self, app):
        raise ValueError("\\x1b[2J no birds")

{before}
app = Cocopot(__name__, plugins=[{name}])
app.config.update(TRUSTED_HOSTS=["shop.example"], MAX_CONTENT_LENGTH=1000)
{after}
"""


def check(folder: Path, *args: str, **source: str) -> tuple[int, str, str]:
    text = APP.format(**{"name": "Birds", "hook": "cocopot_startup", "before": "", "after": "", **source})
    (folder / "app.py").write_text(text)
    result = cocopot(folder, "check", *args)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("hook", ["cocopot_setup", "cocopot_startup", "cocopot_strtup", "cocopot_shutdown"])
def test_plugin(tmp_path: Path, hook: str) -> None:
    """A plugin that fails anywhere is one error with the reason, escaped and without a traceback."""
    code, output, _ = check(tmp_path, hook=hook)
    assert code == 1
    assert output.startswith("error: ")
    assert output.endswith("\n1 error, 0 warnings\n")
    assert "birds" in output
    assert f"at {tmp_path / 'app.py'}:" in output
    assert "\x1b" not in output
    assert "Traceback" not in output


def test_verbose(tmp_path: Path) -> None:
    """With --verbose the traceback of the exception is on standard error."""
    _, _, log = check(tmp_path, "--verbose")
    assert "Traceback (most recent call last):" in log
    assert log.splitlines()[-2].startswith("ValueError: \\x1b[2J no birds")


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise SystemExit('no')", "SystemExit: no"),
        ("1 +", "SyntaxError: invalid syntax"),
        ("raise GeneratorExit", "GeneratorExit: "),
        ("raise ExceptionGroup('two', [ValueError('one')])", "ValueError: one"),
        ("import os; os._exit(0)", "SystemExit: the application called os._exit(0)"),
    ],
)
def test_application_that_cannot_be_imported(tmp_path: Path, before: str, text: str) -> None:
    """The reason, and the line, are one clear error."""
    code, output, log = check(tmp_path, before=before)
    assert (code, log) == (1, "")
    assert output.splitlines()[0] == f"error: {text}".rstrip() or output.startswith(f"error: {text}")
    assert output.splitlines()[1:] == [f"    at {tmp_path / 'app.py'}:11", "1 error, 0 warnings"]


@pytest.mark.parametrize(
    "text", ["x = 1\0", "x = 1".encode("utf-16").decode("latin-1"), "x = " + "-" * 10**5 + "1"]
)
@pytest.mark.parametrize("command", ["check", "routes"])
def test_file_that_cannot_be_compiled(tmp_path: Path, text: str, command: str) -> None:
    """A file is named for which Python's own error has no place."""
    (tmp_path / "app.py").write_text(text, encoding="latin-1")
    result = cocopot(tmp_path, command)
    output = result.stdout + result.stderr
    assert result.returncode == 1
    assert f"rror: The file {tmp_path / 'app.py'} cannot be compiled: " in output
    assert "Traceback" not in output


def test_process_that_the_application_forks(tmp_path: Path) -> None:
    """A child process may end itself with `os._exit`."""
    code, output, _ = check(
        tmp_path,
        before="import os\nos.fork() or os._exit(3)\nassert os.wait()[1] >> 8 == 3",
        hook="cocopot_shell_context",
    )
    assert (code, output) == (0, "0 errors, 0 warnings\n")


def test_no_application(tmp_path: Path) -> None:
    """Without an application, the places that were searched are the error; the output stays a document."""
    result = cocopot(tmp_path, "check", "--json")
    document = json.loads(result.stdout)
    assert (result.returncode, document["application"], document["errors"]) == (1, None, 1)
    assert document["findings"][0]["problem"].startswith("There is no application. Tried: --app")


@pytest.mark.parametrize(("value", "count"), [("secrets.token_hex()", 1), ("'q8+3nxz-' * 5", 0)])
def test_key_that_differs_in_each_process(tmp_path: Path, value: str, count: int) -> None:
    """A SECRET_KEY that is created at import is a warning: a second process has another one."""
    after = f"import secrets\napp.config['SECRET_KEY'] = {value}\nprint('noise')"
    code, output, _ = check(tmp_path, hook="cocopot_shell_context", after=after)
    assert code == 0
    assert output.count("SECRET_KEY differs in each process") == count


def test_what_loading_logs(caplog: pytest.LogCaptureFixture) -> None:
    """What the plugin loader logs as a warning is a finding, and is not logged as well."""
    app = make_app()
    app.on_startup(lambda: logging.getLogger("cocopot.plugins").warning("Did you mean %r?", "cors"))
    (found,) = findings(app)
    assert (found["severity"], found["problem"]) == ("warning", "Did you mean 'cors'?")
    assert caplog.records == []


class Conflicting:
    """A plugin with a rule, and with a command or a value that is set when the application starts."""

    def __init__(self, name: str, what: str) -> None:
        self.plugin_name, self.what = name, what

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        if self.what == "rule":
            app.add_url_rule("/health", self.plugin_name, lambda: "well")

    @hookimpl
    def cocopot_register_commands(self, cli: click.Group) -> None:
        if self.what == "command":
            cli.add_command(click.Command("sync"))

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        if self.what == "extension":
            app.extensions["cache"] = object()


@pytest.mark.parametrize(
    ("what", "severity", "text"),
    [
        ("rule", "warning", "The rule 'GET /health' of plugin 'aa' "),
        (
            "command",
            "error",
            "Plugin 'bb' registers the command 'sync', which is also registered by ",
        ),
        ("extension", "error", "Plugin 'bb' registers the key of app.extensions 'cache', which is also "),
    ],
)
def test_conflicts(what: str, severity: str, text: str) -> None:
    """Two plugins that register the same thing are reported once, as an error where one loses it."""
    app = make_app(Conflicting("aa", what), Conflicting("bb", what))
    [finding] = findings(app, code=int(severity == "error"))
    assert finding["severity"] == severity
    assert finding["problem"].startswith(text)


def test_route_options() -> None:
    """Each invalid one is a finding with its place, and none is reported twice."""
    app = make_app(JSON_COMPACT="x")
    app.add_url_rule("/hook", "hook", make_app, limit="5/min")
    app.add_url_rule("/login", "login", make_app, limit="5/min")
    found = [finding for finding in findings(app, code=1) if finding["kind"] == "route option"]
    problem = "The route option {} (endpoint '{}') is not declared by any plugin."
    assert [finding["problem"] for finding in found] == [
        problem.format("limit='5/min' of the rule '/hook'", "hook"),
        problem.format("limit='5/min' of the rule '/login'", "login"),
    ]
    assert all("test_check.py:" in finding["place"] for finding in found)
    assert "cocopot-ratelimit" in found[0]["cure"]


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"SERVER": "waitress"}, "--server waitress needs waitress: pip install 'cocopot[waitress]'."),
        ({"WORKERS": "2"}, "--workers needs granian: pip install 'cocopot[serve]'."),
        ({"WORKERS": "many"}, "Invalid value for '--workers': 'many' is not a valid integer range."),
        (
            {"WORKERS": "2", "SERVER": "bjoern", "ACCESS_LOG": "1"},
            "bjoern has no access log: omit --access-log, or choose granian or gunicorn.",
        ),
        (
            {"WORKERS": "2", "RELOAD": "1"},
            "--workers is for production, and --reload for development: choose one.",
        ),
        (
            {"SERVER": "waitress", "DEBUG": "1"},
            "--workers is for production, and --debug for development: choose one.",
        ),
        (
            {"WORKERS": "2", "THREADS": "4", "WITH_THREADS": "0"},
            "--threads 4 and --without-threads contradict each other: omit one of them.",
        ),
        ({"CERT": "none.pem"}, "The file 'none.pem' of --cert does not exist."),
        ({"KEY": "none.pem"}, "--key is the key of a certificate: pass --cert too."),
    ],
)
def test_the_server(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], problem: str) -> None:
    """What `cocopot run` rejects of the environment is an error: a missing server, contradictory options."""
    for library in ("granian", "waitress", "bjoern"):
        monkeypatch.setitem(sys.modules, library, None)
    for name, value in variables.items():
        monkeypatch.setenv(f"COCOPOT_RUN_{name}", value)
    (found,) = findings(make_app(), code=1)
    assert (found["severity"], found["kind"]) == ("error", "environment")
    assert found["problem"] == f"cocopot run cannot serve with COCOPOT_RUN_*: {problem}"


def test_the_options_of_the_server_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `cocopot run` reads from the environment is neither unread nor wrong."""
    for name, value in {"PORT": "80", "RELOAD": "0", "GRACEFUL_TIMEOUT": "7", "WITH_THREADS": "1"}.items():
        monkeypatch.setenv(f"COCOPOT_RUN_{name}", value)
    assert findings(make_app()) == []
