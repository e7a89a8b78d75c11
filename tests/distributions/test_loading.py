from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import Plugin
from tests.processes import clean_environ

if TYPE_CHECKING:
    from pathlib import Path

    from tests.distributions.environments import Environment, MakeEnvironment

HELLO = Plugin(
    "hello",
    """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_setup(app):
        app.add_url_rule("/hello", "hello", lambda: "Hello from a plugin")
    """,
    version="2.3",
)
COUNTER = """
    from cocopot import hookimpl

    class Counter:
        def __init__(self):
            self.count = 0

        @hookimpl
        def cocopot_setup(self, app):
            app.extensions["counter"] = self

        @hookimpl
        def cocopot_before_request(self, app, request):
            self.count += 1

    counter = Counter()
    """
FAULTY = Plugin(
    "faulty",
    """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_before_request(app, request):
        raise ValueError("out of ink")
    """,
    version="0.7",
)


def banner(environment: Environment, folder: Path) -> str:
    """Run the application on the development server until it listens; return what it wrote until then."""
    serve = "import application; application.app.run(port=0, debug=False)"
    command = [str(environment.python), "-c", serve]
    with subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, text=True, env=clean_environ()
    ) as server:
        guard = threading.Timer(30, server.kill)
        guard.start()
        lines = []
        for line in server.stderr or ():
            lines.append(line)
            if "Running on" in line:
                break
        server.kill()
        guard.cancel()
    return "".join(lines)


def test_an_installed_plugin_serves_without_a_line_in_the_application(environment: MakeEnvironment) -> None:
    """A plugin that is installed is found, loaded and set up."""
    outcome = environment(HELLO).start('result = app.test_client().get("/hello").text')
    assert outcome.result == "Hello from a plugin"


def test_uninstalling_the_distribution_removes_its_behaviour(environment: MakeEnvironment) -> None:
    """What a plugin does ends with `pip uninstall`, without a change to the application."""
    place = environment(HELLO)
    application = 'result = app.test_client().get("/hello").status_code'
    assert place.start(application).result == 200
    place.uninstall("cocopot-hello")
    outcome = place.start(application)
    assert (outcome.result, outcome.plugins) == (404, [])


def test_records_name_the_distribution_and_its_version(environment: MakeEnvironment) -> None:
    """`records("plugin")` states name, distribution and version of what is loaded."""
    outcome = environment(HELLO, FAULTY).start()
    assert outcome.plugins == [["faulty", "cocopot-faulty", "0.7"], ["hello", "cocopot-hello", "2.3"]]


def test_the_development_server_prints_the_plugins_when_it_starts(environment: MakeEnvironment) -> None:
    """`app.run` lists each plugin with its distribution and version before it serves."""
    place = environment(HELLO)
    text = banner(place, place.write_application())
    assert "hello  (cocopot-hello 2.3)" in text
    assert text.index("cocopot-hello 2.3") < text.index("Running on")


@pytest.mark.parametrize("value", ["cocopot_counter:Counter", "cocopot_counter:counter"])
def test_an_entry_point_may_name_a_class_or_an_object(value: str, environment: MakeEnvironment) -> None:
    """`module:object` loads the object; of a class it makes an instance."""
    application = """
        app.test_client().get("/")
        result = [type(app.extensions["counter"]).__name__, app.extensions["counter"].count]
        """
    outcome = environment(Plugin("counter", COUNTER, value)).start(application)
    assert outcome.result == ["Counter", 1]


def test_two_applications_in_one_process_share_nothing(environment: MakeEnvironment) -> None:
    """Each application has its own plugin manager, and its own instance of a plugin that is a class."""
    application = """
        other = Cocopot("other")
        app.test_client().get("/")
        result = {
            "managers": app.plugins is other.plugins,
            "instances": app.extensions["counter"] is other.extensions["counter"],
            "counts": [app.extensions["counter"].count, other.extensions["counter"].count],
        }
        """
    outcome = environment(Plugin("counter", COUNTER, "cocopot_counter:Counter")).start(application)
    assert outcome.result == {"managers": False, "instances": False, "counts": [1, 0]}


def test_what_is_installed_is_read_once_per_process(environment: MakeEnvironment) -> None:
    """A second application sees what the first one saw, until the memory is cleared."""
    application = """
        import sys
        from pathlib import Path
        from cocopot.hooks.candidates import installed

        module = Path(sys.modules["cocopot_hello"].__file__)
        module.parent.joinpath("cocopot_hello-2.3.dist-info", "entry_points.txt").write_text("")
        result = [len(Cocopot("second").plugins.records("plugin"))]
        installed.cache_clear()
        result.append(len(Cocopot("third").plugins.records("plugin")))
        """
    outcome = environment(HELLO).start(application)
    assert (outcome.names, outcome.result) == (["hello"], [1, 0])


def test_an_exception_names_the_installed_plugin_that_raised_it(environment: MakeEnvironment) -> None:
    """An exception that leaves an implementation has a note with plugin, distribution, version and hook."""
    application = """
        app.testing = True
        try:
            app.test_client().get("/")
        except ValueError as error:
            result = error.__notes__
        """
    outcome = environment(FAULTY).start(application)
    note = "Raised by plugin 'faulty' (cocopot-faulty 0.7) in hook cocopot_before_request."
    assert outcome.result == [note]
