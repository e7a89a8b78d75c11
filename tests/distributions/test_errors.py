from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import Plugin

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

ANSWERS = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_before_request(app, request):
        return "answered by a plugin that should be left out"
    """
DEPENDENT = (
    ANSWERS
    + """
    @hookimpl
    def cocopot_setup(app):
        app.extensions["dependent"] = "set up"

    requires = ({name!r},)
    """
)
UNLICENSED = """
    class Unlicensed:
        def __init__(self):
            raise ValueError("no licence")
    """
HALFWAY = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_setup(app):
        app.add_url_rule("/halfway", "halfway", lambda: "a route of the plugin")
        app.before_request(lambda: "a function of the plugin")
        app.register_error_handler(404, lambda error: "a handler of the plugin")
        app.extensions["halfway"] = "half of it"
        raise RuntimeError("the other half is missing")
    """
HALFWAY_REQUESTS = """
    app.add_url_rule("/", "index", lambda: "application")
    client = app.test_client()
    result = [client.get("/halfway").status_code, client.get("/").text, app.extensions]
    """
#: Plugins with one fault each; the name describes it.
FAULTY = {
    plugin.name: plugin
    for plugin in (
        Plugin("import-error", "import a_module_that_nobody_has"),
        Plugin("syntax-error", "def broken(:"),
        Plugin("object-missing", "", "cocopot_object_missing:plugin"),
        Plugin("nothing", "plugin = None", "cocopot_nothing:plugin"),
        Plugin("class-raises", UNLICENSED, "cocopot_class_raises:Unlicensed"),
        Plugin("exits", "import sys\nsys.exit('goodbye')"),
        Plugin("misspelled", f"{ANSWERS}\n    @hookimpl\n    def cocopot_befor_request(app, request): ..."),
        Plugin("argument", f"{ANSWERS}\n    @hookimpl\n    def cocopot_teardown_request(app, error): ..."),
        Plugin("unmarked", f"{ANSWERS}\n    def cocopot_after_request(app, request, response): ..."),
        Plugin("wrapper", f"{ANSWERS}\n    @hookimpl(wrapper=True)\n    def cocopot_setup(app): yield"),
        Plugin("requires", f"{ANSWERS}\n    requires = 'session'"),
        Plugin("after", f"{ANSWERS}\n    after = {{'session'}}"),
        Plugin("addhooks", f"{ANSWERS}\n    @hookimpl\n    def cocopot_addhooks(pluginmanager): 1 / 0"),
        Plugin("defaults", f"{ANSWERS}\n    @hookimpl\n    def cocopot_config_defaults(app): 1 / 0"),
        Plugin("setup", f"{ANSWERS}\n    @hookimpl\n    def cocopot_setup(app): 1 / 0"),
    )
}
EXPECTED = {
    "import-error": "ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    "syntax-error": "SyntaxError: ",
    "object-missing": "names 'plugin', which the module 'cocopot_object_missing' does not have.",
    "nothing": "is None. It must be a module, a class, or an instance of a class.",
    "class-raises": "ValueError: no licence",
    "exits": "SystemExit: goodbye",
    "misspelled": "'cocopot_befor_request', which is not a hook. Did you mean 'cocopot_before_request'?",
    "argument": "cocopot_teardown_request has no argument 'error'; it has the arguments app, request, exc.",
    "unmarked": "has a function 'cocopot_after_request' without the mark @cocopot.hookimpl",
    "wrapper": "cocopot_setup cannot have wrappers, because it is called for each plugin separately",
    "requires": "has requires = 'session'; it must be a tuple of plugin names",
    "after": "has after = {'session'}; it must be a tuple of plugin names",
    "addhooks": "ZeroDivisionError: division by zero",
    "defaults": "failed in cocopot_config_defaults: ZeroDivisionError: division by zero",
    "setup": "failed in cocopot_setup: ZeroDivisionError: division by zero",
}
#: What is at the place that an error names.
SHOWS = {
    "import-error": "cocopot_import_error.py:1: import a_module_that_nobody_has",
    "syntax-error": "cocopot_syntax_error.py:1: def broken(:",
    "class-raises": 'cocopot_class_raises.py:4: raise ValueError("no licence")',
    "exits": "cocopot_exits.py:2: sys.exit('goodbye')",
    "misspelled": "cocopot_misspelled.py:9: def cocopot_befor_request(app, request): ...",
    "argument": "cocopot_argument.py:9: def cocopot_teardown_request(app, error): ...",
    "unmarked": "cocopot_unmarked.py:8: def cocopot_after_request(app, request, response): ...",
    "wrapper": "cocopot_wrapper.py:9: def cocopot_setup(app): yield",
    "addhooks": "cocopot_addhooks.py:9: def cocopot_addhooks(pluginmanager): 1 / 0",
    "defaults": "cocopot_defaults.py:9: def cocopot_config_defaults(app): 1 / 0",
    "setup": "cocopot_setup.py:9: def cocopot_setup(app): 1 / 0",
}
GET = """
    app.add_url_rule("/", "index", lambda: "answered by the application")
    result = [app.test_client().get("/").text, app.extensions]
    """


@pytest.fixture(scope="module")
def faulty(environment: MakeEnvironment) -> Environment:
    """An environment with all the faulty plugins, plugins that need some of them, and a sound one."""
    return environment(
        *FAULTY.values(),
        *(Plugin(f"needs-{name}", DEPENDENT.format(name=name)) for name in FAULTY),
        Plugin("sound", "from cocopot import hookimpl\n\n@hookimpl\ndef cocopot_setup(app): ..."),
    )


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_plugin_stops_the_application_with_one_error(name: str, faulty: Environment) -> None:
    """A `PluginError` states plugin, distribution, version, entry point, cause and cure."""
    outcome = faulty.start(autoload={name, "sound"})
    value = FAULTY[name].value or f"cocopot_{name.replace('-', '_')}"
    assert outcome.message.startswith(f"Plugin {name!r} (cocopot-{name} 1.0, {value}) ")
    assert EXPECTED[name] in outcome.message
    assert f'disable={{"{name}"}} or set COCOPOT_DISABLE_PLUGINS={name}' in outcome.message
    assert [outcome.error[key] for key in ("plugin", "distribution", "version", "entry_point")] == [
        name,
        f"cocopot-{name}",
        "1.0",
        value,
    ]


@pytest.mark.parametrize("name", SHOWS)
def test_the_error_shows_the_line_of_the_plugin(name: str, faulty: Environment) -> None:
    """File, line and source of what is wrong are in the message, where it is wrong in the source."""
    message = faulty.start(autoload={name}).message
    (shown,) = (line for line in message.splitlines() if line.startswith("  at "))
    assert shown == f"  at {faulty.packages}/{SHOWS[name]}"


@pytest.mark.parametrize("name", FAULTY)
def test_with_warn_a_faulty_plugin_is_skipped_with_its_dependents(name: str, faulty: Environment) -> None:
    """The application goes on without the faulty plugin and those that require it; the log states why."""
    names = {name, f"needs-{name}", "sound"}
    outcome = faulty.start(GET, autoload=names, plugin_errors="warn")
    assert outcome.names == ["sound"]
    assert outcome.result == ["answered by the application", {}]
    assert f"Plugin {name!r} (cocopot-{name} 1.0, " in outcome.log
    assert EXPECTED[name] in outcome.log
    assert f"requires {name!r}, which failed to load" in outcome.log


def test_with_warn_nothing_is_left_of_a_setup_that_failed(environment: MakeEnvironment) -> None:
    """Routes, handlers and functions that a plugin registered before it failed are rolled back."""
    outcome = environment(Plugin("halfway", HALFWAY)).start(HALFWAY_REQUESTS, plugin_errors="warn")
    assert outcome.plugins == []
    assert outcome.result == [404, "application", {}]


def test_the_advice_in_the_error_helps(faulty: Environment) -> None:
    """With the plugins disabled that the errors name, the application starts."""
    without = ",".join([*FAULTY, *(f"needs-{name}" for name in FAULTY)])
    assert faulty.start().error["plugin"] in FAULTY
    assert faulty.start(environ={"COCOPOT_DISABLE_PLUGINS": without}).names == ["sound"]


def test_all_faulty_plugins_are_skipped_at_once(faulty: Environment) -> None:
    """`failed` knows every plugin that was skipped, and the rest is served."""
    outcome = faulty.start("result = sorted(app.plugins.failed)", plugin_errors="warn")
    assert outcome.names == ["sound"]
    assert outcome.result == sorted([*FAULTY, *(f"needs-{name}" for name in FAULTY)])


def test_a_half_removed_distribution_stops_no_other_plugin(environment: MakeEnvironment) -> None:
    """A distribution whose metadata is gone is an error for its own plugin only."""
    made = environment(Plugin("ruin", f"{ANSWERS}\n    def cocopot_setup(app): ..."), Plugin("sound", ""))
    (metadata,) = made.folder.rglob("cocopot_ruin-1.0.dist-info/METADATA")
    metadata.unlink()
    assert made.start(disable={"ruin"}).names == ["sound"]
    assert "Plugin 'ruin' (cocopot_ruin 1.0, " in made.start().message


def test_with_warn_an_ambiguous_name_is_skipped(environment: MakeEnvironment) -> None:
    """Of two distributions with one name neither is loaded, nor what requires it; the variable states so."""
    made = environment(
        Plugin("cache", ANSWERS, distribution="cocopot-redis"),
        Plugin("cache", ANSWERS, distribution="cocopot-memory"),
        Plugin("shop", DEPENDENT.format(name="cache")),
        Plugin("sound", ""),
    )
    outcome = made.start(GET, environ={"COCOPOT_PLUGIN_ERRORS": "warn"})
    assert (outcome.names, outcome.result) == (["sound"], ["answered by the application", {}])
    assert "Two distributions provide a plugin named 'cache'" in outcome.log
