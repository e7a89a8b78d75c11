from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.distributions.environments import Plugin, run
from tests.processes import clean_environ

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

SOUND = """\
from cocopot import hookimpl


@hookimpl
def cocopot_before_request(app, request): ...
"""
BROKEN = (
    Plugin("syntax", "from cocopot import hookimpl\n\n\ndef cocopot_setup(app:\n    pass\n", version="0.3"),
    Plugin("misspelled", SOUND.replace("before", "befor"), version="2.0"),
    Plugin("argument", SOUND.replace("request):", "req):"), version="1.1"),
    Plugin("login", f"{SOUND}\n\nrequires = ('session', 'sesion')\n", version="4.2"),
    Plugin("cache", SOUND, distribution="cocopot-redis", version="1.4"),
    Plugin("cache", SOUND, distribution="cocopot-memory", version="0.2"),
)
#: What is reported about each, above the advice how to go on.
EXPECTED = {
    "syntax": """\
Plugin 'syntax' (cocopot-syntax 0.3, cocopot_syntax) failed to load: SyntaxError: '(' was never closed
  at {packages}/cocopot_syntax.py:4: def cocopot_setup(app:""",
    "misspelled": """\
Plugin 'misspelled' (cocopot-misspelled 2.0, cocopot_misspelled) implements 'cocopot_befor_request', which \
is not a hook. Did you mean 'cocopot_before_request'?
  at {packages}/cocopot_misspelled.py:5: def cocopot_befor_request(app, request): ...""",
    "argument": """\
Plugin 'argument' (cocopot-argument 1.1, cocopot_argument) breaks the hook contract: cocopot_before_request \
has no argument 'req'; it has the arguments app, request. Did you mean 'request'?
  at {packages}/cocopot_argument.py:5: def cocopot_before_request(app, req): ...""",
    "login": """\
Plugin 'login' (cocopot-login 4.2, cocopot_login) requires 'sesion', which is not installed. Did you mean \
'session'?""",
    "cache": """\
Two distributions provide a plugin named 'cache': cocopot-memory 0.2 ('cocopot_memory') and \
cocopot-redis 1.4 ('cocopot_redis').""",
}
NAMES = ("argument", "cache", "cache", "login", "misspelled", "syntax")


@pytest.fixture(scope="module")
def broken(environment: MakeEnvironment) -> Environment:
    """An environment with plugins that have one fault each, and one that has none."""
    return environment(*BROKEN, Plugin("session", SOUND, version="1.5"))


def plugins(
    place: Environment,
    *args: str,
    application: bool = True,
    environ: dict[str, str] | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run `cocopot plugins` beside an application with these options, or beside none."""
    folder = place.write_application(**options)
    if not application:
        folder.joinpath("application.py").unlink()
    return subprocess.run(
        [place.python, "-m", "cocopot", *(["--app", "application"] if application else []), "plugins", *args],
        cwd=folder,
        env=clean_environ(**(environ or {})),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def states(place: Environment, **options: Any) -> dict[str, tuple[str, str]]:
    """Return state and reason of every plugin."""
    reports = json.loads(plugins(place, "--json", **options).stdout)["plugins"]
    return {report["name"]: (report["state"], report["reason"]) for report in reports}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_plugin_stops_the_application_with_this_text(name: str, broken: Environment) -> None:
    """The message states which plugin, what is wrong, where, and what else may be meant."""
    expected = EXPECTED[name].format(packages=broken.packages)
    assert broken.start(autoload={name, "session"}).message.startswith(expected)


def test_all_broken_plugins_are_shown_at_once(broken: Environment) -> None:
    """The command shows every plugin with the text that would have stopped the application."""
    process = plugins(broken)
    assert process.stderr == ""
    assert process.returncode == 0
    text = process.stdout.replace("\n     ", "\n")
    for expected in EXPECTED.values():
        assert expected.format(packages=broken.packages) in text
    assert "  1. session (cocopot-session 1.5) loaded\n" in process.stdout
    assert process.stdout.endswith("7 plugins: 1 loaded, 6 failed.\n")


@pytest.mark.parametrize("application", [True, False])
def test_check_reports_a_failed_plugin_by_exit_status(application: bool, broken: Environment) -> None:
    """With an application and without one, the status is 1 and the names are on standard error."""
    process = plugins(broken, "--check", "--json", application=application)
    reports = json.loads(process.stdout)["plugins"]
    assert process.returncode == 1
    assert process.stderr.endswith("Failed: argument, cache, login, misspelled, syntax.\n")
    assert [report["name"] for report in reports if report["state"] == "failed"] == list(NAMES)
    assert [report["name"] for report in reports if report["state"] != "failed"] == ["session"]


def test_hooks_of_an_installed_plugin_name_its_distribution(broken: Environment) -> None:
    """Distribution, version, file and line follow the plugin's name."""
    output = plugins(broken, "--hook", "before_request").stdout
    assert f"  1.  session  cocopot-session 1.5  {broken.packages}/cocopot_session.py:5\n" in output


def test_without_an_application_plugins_are_called_installed(broken: Environment) -> None:
    """The environment's variables apply as they do to an application."""
    found = states(broken, application=False, environ={"COCOPOT_DISABLE_PLUGINS": "cache,login"})
    assert found["session"] == ("installed", "")
    assert found["cache"] == found["login"] == ("disabled", "by COCOPOT_DISABLE_PLUGINS")
    assert found["syntax"][0] == "failed"


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        ({"disable": {"syntax"}}, {}, ("disabled", "by disable=")),
        ({}, {"COCOPOT_DISABLE_PLUGINS": "syntax"}, ("disabled", "by COCOPOT_DISABLE_PLUGINS")),
        ({"autoload": {"session"}}, {}, ("not selected", "by autoload=")),
        ({"autoload": False}, {}, ("not selected", "by autoload=")),
        ({}, {"COCOPOT_PLUGINS": "session"}, ("not selected", "by COCOPOT_PLUGINS")),
    ],
)
def test_an_excluded_plugin_names_the_setting(
    options: dict[str, Any], environ: dict[str, str], expected: tuple[str, str], broken: Environment
) -> None:
    """What an application or the environment skips is listed with the reason."""
    assert states(broken, environ=environ, **options)["syntax"] == expected


def test_a_plugin_that_is_replaced_is_shown_beside_its_replacement(broken: Environment) -> None:
    """Both have the name; one is installed, the other was passed as an object."""
    folder = broken.write_application()
    source = """
        from types import SimpleNamespace
        from cocopot import Cocopot

        own = SimpleNamespace(plugin_name="session")
        app = Cocopot(__name__, autoload={"session"}, plugins=[own])
        """
    folder.joinpath("application.py").write_text("\n".join(line.strip() for line in source.splitlines()))
    output = run(broken.python, "-m", "cocopot", "--app", "application", "plugins", cwd=folder).stdout
    assert "  1. session (passed) loaded\n" in output
    replaced = "session (cocopot-session 1.5) replaced by an object of that name that the application passes"
    assert f"   - {replaced}\n" in output


def test_a_missing_name_and_a_cycle_are_shown(environment: MakeEnvironment) -> None:
    """Errors that concern several plugins, or none that is there, do not break the command either."""
    place = environment(
        Plugin("alpha", f"{SOUND}\n\nrequires = ('bravo',)\n"),
        Plugin("bravo", f"{SOUND}\n\nafter = ('alpha',)\n"),
        Plugin("sound", SOUND),
    )
    output = plugins(place, environ={"COCOPOT_PLUGINS": "alpha,bravo,sound,unheard-of"}).stdout
    assert output.count("Plugins depend on each other in a cycle: alpha -> bravo -> alpha.") == 2
    assert "   - unheard-of failed\n" in output
    assert "Plugin 'unheard-of', named by COCOPOT_PLUGINS, is not installed." in output
    assert output.endswith("4 plugins: 1 loaded, 3 failed.\n")


def test_what_a_plugin_prints_does_not_disturb(environment: MakeEnvironment) -> None:
    """A document is a document, whatever is printed while plugins are imported; exits are failures."""
    place = environment(Plugin("loud", "print('hello')"), Plugin("exits", "raise SystemExit('goodbye')"))
    for application in (True, False):
        process = plugins(place, "--json", application=application)
        assert [report["state"] for report in json.loads(process.stdout)["plugins"]][1] == "failed"
        assert "hello" in process.stderr
