from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.distributions.environments import Plugin

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

RECORDS_ITS_CALLS = """
    from cocopot import hookimpl

    requires = {requires!r}
    after = {after!r}

    def note(app, what):
        app.extensions.setdefault("calls", []).append("{name} " + what)

    @hookimpl
    def cocopot_before_request(app, request):
        note(app, "in")

    @hookimpl
    def cocopot_after_request(app, request, response):
        note(app, "out")

    @hookimpl(wrapper=True)
    def cocopot_dispatch_request(app, request):
        note(app, "begins")
        result = yield
        note(app, "ends")
        return result
    """
ONE_REQUEST = """
    @app.before_request
    def enter():
        app.extensions["calls"].append("application in")

    @app.after_request
    def leave(response):
        app.extensions["calls"].append("application out")
        return response

    @app.route("/")
    def index():
        app.extensions["calls"].append("view")
        return "index"

    app.test_client().get("/")
    result = app.extensions["calls"]
    """
MISSING: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "disabled": ({"disable": {"session"}}, {}, "which is disabled by disable="),
    "disabled by variable": (
        {},
        {"COCOPOT_DISABLE_PLUGINS": "session"},
        "which is disabled by COCOPOT_DISABLE_PLUGINS",
    ),
    "not allowed": (
        {"autoload": {"login"}},
        {},
        "which is installed but not among the names in autoload=",
    ),
    "not allowed by variable": (
        {},
        {"COCOPOT_PLUGINS": "login"},
        "which is installed but not among the names in COCOPOT_PLUGINS",
    ),
}


def recorder(name: str, requires: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Plugin:
    """Return a plugin that records the calls of its hooks."""
    return Plugin(name, RECORDS_ITS_CALLS.format(name=name, requires=requires, after=after))


@pytest.fixture(scope="module")
def login(environment: MakeEnvironment) -> Environment:
    """An environment with a plugin that requires another."""
    return environment(recorder("login", requires=("session",)), recorder("session"))


def test_plugins_load_by_name(environment: MakeEnvironment) -> None:
    """Neither the order of installation nor the distribution's name matters, but the plugin's name."""
    last = Plugin("zulu", distribution="another-name")
    assert environment(last, Plugin("mike"), Plugin("alpha")).start().names == ["alpha", "mike", "zulu"]


def test_a_required_plugin_is_loaded_earlier_and_lies_outside(login: Environment) -> None:
    """A request enters the required plugin first and leaves it last; the application is innermost."""
    outcome = login.start(ONE_REQUEST)
    entered = ["session in", "login in", "application in"]
    around_the_view = ["session begins", "login begins", "view", "login ends", "session ends"]
    left = ["application out", "login out", "session out"]
    assert outcome.names == ["session", "login"]
    assert outcome.result == entered + around_the_view + left


def test_a_plugin_loads_after_those_that_it_names_if_they_are_there(environment: MakeEnvironment) -> None:
    """`after` orders without requiring: a name that is not installed is passed over."""
    outcome = environment(recorder("alpha", after=("metrics", "absent")), recorder("metrics")).start(
        ONE_REQUEST
    )
    assert outcome.names == ["metrics", "alpha"]
    assert outcome.result[:2] == ["metrics in", "alpha in"]


def test_a_plugin_that_others_need_comes_as_early_as_its_own_needs_allow(
    environment: MakeEnvironment,
) -> None:
    """Needs are followed through several plugins; those that are free load by name."""
    plugins = [
        recorder("a", requires=("c",)),
        recorder("b"),
        recorder("c", requires=("d",), after=("e",)),
        recorder("d"),
        recorder("e"),
    ]
    assert environment(*plugins).start().names == ["b", "d", "e", "c", "a"]


def test_a_required_plugin_that_is_not_installed_is_an_error(environment: MakeEnvironment) -> None:
    """The error names the plugin, where it comes from, and what it requires."""
    outcome = environment(recorder("login", requires=("session",))).start()
    expected = "Plugin 'login' (cocopot-login 1.0, cocopot_login) requires 'session', which is not installed."
    assert expected in outcome.message


@pytest.mark.parametrize(("options", "environ", "reason"), MISSING.values(), ids=MISSING)
def test_the_error_states_why_a_required_plugin_is_not_loaded(
    options: dict[str, Any], environ: dict[str, str], reason: str, login: Environment
) -> None:
    """A required plugin that is installed but unwanted is an error that states who does not want it."""
    outcome = login.start(environ=environ, **options)
    assert f"requires 'session', {reason}" in outcome.message
    assert outcome.error["plugin"] == "login"


def test_a_cycle_names_its_members(environment: MakeEnvironment) -> None:
    """Plugins that need each other stop the application; those that merely need one of them are not named."""
    plugins = [
        recorder("alpha", requires=("bravo",)),
        recorder("bravo", after=("charlie",)),
        recorder("charlie", requires=("alpha",)),
        recorder("delta", requires=("alpha",)),
    ]
    outcome = environment(*plugins).start()
    assert "cycle: alpha -> bravo -> charlie -> alpha." in outcome.message


def test_two_distributions_with_one_name_are_an_error(environment: MakeEnvironment) -> None:
    """The error names both distributions with their versions; disabling the name helps."""
    place = environment(
        Plugin("cache", distribution="cocopot-redis", version="1.4"),
        Plugin("cache", distribution="cocopot-memory", version="0.2"),
    )
    message = place.start().message
    assert "Two distributions provide a plugin named 'cache'" in message
    assert "cocopot-memory 0.2 ('cocopot_memory') and cocopot-redis 1.4 ('cocopot_redis')" in message
    assert place.start(environ={"COCOPOT_DISABLE_PLUGINS": "cache"}).plugins == []
