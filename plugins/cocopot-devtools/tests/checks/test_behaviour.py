from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.behaviour import check_behaviour, make_app

if TYPE_CHECKING:
    from cocopot_devtools.checks.findings import Finding
    from tests.conftest import MakePlugin

#: Uses all that a plugin should use, as it should.
GOOD = """
    class Plugin:
        @hookimpl
        def cocopot_config_defaults(self):
            return {"DEMO_LEVEL": 1}

        @hookimpl
        def cocopot_setup(self, app):
            app.extensions["demo"] = {}
            app.add_url_rule("/demo", "demo", lambda: "demo")

        @hookimpl
        def cocopot_startup(self, app):
            app.extensions["demo"]["open"] = True

        @hookimpl
        def cocopot_before_request(self, request):
            g.demo = request.path

        @hookimpl
        def cocopot_after_request(self, response):
            response.headers["X-Demo"] = g.get("demo", "")

        @hookimpl
        def cocopot_teardown_request(self):
            g.pop("demo", None)

        @hookimpl
        def cocopot_shutdown(self, app):
            app.extensions["demo"].clear()
    """
#: Plugins with one fault each: the source, the rule, and what the finding states.
FAULTY = {
    "setup": (
        """
        @hookimpl
        def cocopot_setup(app):
            1 / 0
        """,
        "CP204",
        "It failed in cocopot_setup: ZeroDivisionError",
    ),
    "defaults": (
        """
        @hookimpl
        def cocopot_config_defaults():
            return {"lower": 1}
        """,
        "CP204",
        "It names the configuration key 'lower'; keys are upper-case.",
    ),
    "startup": (
        """
        @hookimpl
        def cocopot_startup(app):
            1 / 0
        """,
        "CP205",
        "cocopot_startup raises ZeroDivisionError",
    ),
    "refuses": (
        """
        @hookimpl
        def cocopot_startup(app):
            raise PluginError("Set DEMO_URL.")
        """,
        "CP206",
        "cocopot_startup raises PluginError: Set DEMO_URL.",
    ),
    "foreign": (
        """
        @hookimpl
        def cocopot_setup(app):
            app.extensions["session"] = 1
        """,
        "CP304",
        "It keeps state in app.extensions['session'], which is not its name.",
    ),
    "second setup": (
        """
        made = []

        @hookimpl
        def cocopot_setup(app):
            assert not made
            made.append(app)
        """,
        "CP305",
        "In a second application it failed in cocopot_setup: AssertionError",
    ),
    "second startup": (
        """
        apps = set()

        @hookimpl
        def cocopot_startup(app):
            apps.add(id(app))
            assert len(apps) == 1
        """,
        "CP305",
        "In a second application, cocopot_startup raises AssertionError",
    ),
    "second request": (
        """
        apps = set()

        @hookimpl
        def cocopot_before_request(app):
            apps.add(id(app))
            assert len(apps) == 1
        """,
        "CP305",
        "With a request to a second application, cocopot_before_request raises AssertionError",
    ),
    "routes": (
        """
        done = []

        @hookimpl
        def cocopot_setup(app):
            if not done:
                done.append(1)
                app.add_url_rule("/demo", "demo", str)
        """,
        "CP305",
        "Two applications do not get the same routes: only one has /demo (demo).",
    ),
    "shared": (
        """
        state = {}

        @hookimpl
        def cocopot_setup(app):
            app.extensions["demo"] = state
        """,
        "CP306",
        "Two applications share app.extensions['demo'], an object of dict.",
    ),
    "global": (
        """
        current = None

        @hookimpl
        def cocopot_startup(app):
            global current
            current = app
        """,
        "CP306",
        "cocopot_demo.current is changed while an application runs.",
    ),
    "list": (
        """
        paths = []

        @hookimpl
        def cocopot_before_request(request):
            paths.append(request.path)
        """,
        "CP306",
        "cocopot_demo.paths is changed while an application runs.",
    ),
    "instance": (
        """
        class Plugin:
            def __init__(self):
                self.app = None

            @hookimpl
            def cocopot_setup(self, app):
                self.app = app

        plugin = Plugin()
        """,
        "CP306",
        "the plugin object cocopot_demo:plugin.app is changed while an application runs.",
    ),
}


def check(made: MakePlugin, source: str, entry_point: str | None = None) -> list[Finding]:
    subject = made(source, entry_point=entry_point)
    check_behaviour(subject)
    return subject.findings


def test_a_good_plugin(subject: MakePlugin) -> None:
    """A plugin that does everything right has no findings, and the checks come to their end."""
    made = subject(GOOD, entry_point="cocopot_demo:Plugin")
    check_behaviour(made)
    assert made.findings == []
    assert made.facts["declared"] == ["DEMO_LEVEL"]
    assert made.facts["declared at"][1] == 7
    assert made.facts["set up"]
    assert made.facts["started"]


@pytest.mark.parametrize("fault", FAULTY)
def test_faults(fault: str, subject: MakePlugin) -> None:
    """Each fault is reported by its rule."""
    source, code, expected = FAULTY[fault]
    found = check(subject, source, "cocopot_demo:plugin" if fault == "instance" else None)
    assert [finding.message for finding in found if finding.code == code and expected in finding.message]
    assert {finding.code for finding in found} <= {code, "CP306"}


@pytest.mark.parametrize("fault", ["setup", "startup", "refuses"])
def test_what_cannot_start_is_not_checked_further(fault: str, subject: MakePlugin) -> None:
    """A plugin that cannot be started has one finding, at its place, and its requests are undecided."""
    made = subject(FAULTY[fault][0])
    check_behaviour(made)
    assert [finding.line for finding in made.findings] == [7]
    assert ("set up" in made.facts, "started" in made.facts) == (fault != "setup", False)


def test_configuration(subject: MakePlugin) -> None:
    """The applications have the requested configuration."""
    made = subject("@hookimpl\ndef cocopot_startup(app):\n    assert app.config['DEMO_URL'] == 'x'")
    made.config = {"DEMO_URL": "x"}
    check_behaviour(made)
    assert made.findings == []


def test_what_it_requires(subject: MakePlugin) -> None:
    """The plugins that it requires are loaded with it, and their faults are not reported here."""
    made = subject("requires = ('users',)\n\n@hookimpl\ndef cocopot_setup(app):\n    app.extensions['users']")
    subject(
        "@hookimpl\ndef cocopot_setup(app):\n    app.extensions['users'] = 1\n\n"
        "@hookimpl\ndef cocopot_after_request():\n    1 / 0",
        "users",
    )
    check_behaviour(made)
    assert made.findings == []
    names = [record.name for record in make_app(made, without=True).plugins.records("plugin")]
    assert names == ["users"]
