"""Conflicts: two plugins, or a plugin and the application, register the same thing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click
import pytest
from werkzeug.routing import BaseConverter

from cocopot import Blueprint, Cocopot, PluginError, hookimpl
from cocopot.json import DefaultJSONProvider
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Callable


class Plugin:
    """A plugin that registers something in one of its hooks."""

    def __init__(self, name: str, setup: Callable[[Any, str], object] = lambda *_: None) -> None:
        self.plugin_name, self.setup = name, setup

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        self.setup(app, self.plugin_name)


def app_of(*setups: Callable[[Any, str], object], **options: Any) -> Cocopot:
    plugins = [Plugin(name, setup) for name, setup in zip(("aa", "bb", "cc", "dd"), setups, strict=False)]
    return Cocopot(__name__, autoload=False, plugins=plugins, **options)


def both(*setups: Callable[[Any, str], object]) -> Callable[[Any, str], object]:
    return lambda app, name: [setup(app, name) for setup in setups]


def extension(app: Any, _name: str) -> None:
    app.extensions["cache"] = object()


def attribute(app: Any, _name: str) -> None:
    app.db = object()


def response_class(app: Any, _name: str) -> None:
    app.response_class = type("Response", (app.response_class,), {})


def converter(app: Any, name: str) -> None:
    app.url_map.converters["wren"] = type(f"Wren_{name}", (BaseConverter,), {})


def view(app: Any, name: str) -> None:
    app.endpoint("home")(lambda: name)


def endpoint(app: Any, name: str) -> None:
    app.add_url_rule(f"/{name}", "home", lambda: name)


def blueprint(app: Any, _name: str) -> None:
    app.register_blueprint(Blueprint("admin", __name__))


def rule(app: Any, name: str) -> None:
    app.add_url_rule("/health", f"{name}.health", lambda: name)


def error_handler(app: Any, name: str) -> None:
    app.register_error_handler(404, lambda _: (name, 404))


def command(app: Any, name: str) -> None:
    app.cli.command("sync")(lambda: click.echo(name))


@pytest.mark.parametrize(
    ("setup", "subject"),
    [
        (extension, "key of app.extensions 'cache'"),
        (attribute, "attribute of the application 'db'"),
        (response_class, "attribute of the application 'response_class'"),
        (converter, "converter 'wren'"),
        (view, "endpoint 'home'"),
        (command, "command 'sync'"),
    ],
)
def test_what_would_be_lost_is_an_error_that_names_both(setup: Any, subject: str) -> None:
    """The plugin that comes second is at fault; the error has its place, and the other one's."""
    with pytest.raises(PluginError) as caught:
        app_of(setup, setup)
    error = caught.value
    assert (error.plugin, error.reason) == ("bb", "conflict")
    assert f"registers the {subject}, which is also registered by plugin 'aa' at {__file__}:" in error.problem
    assert error.place is not None
    assert error.place.file == __file__
    assert 'disable={"bb"}' in error.cure


@pytest.mark.parametrize(
    ("setup", "name"), [(endpoint, "The endpoint 'home'"), (blueprint, "The name 'admin'")]
)
def test_a_refused_registration_names_the_other_plugin(setup: Any, name: str) -> None:
    """An endpoint or a blueprint's name that is taken is refused, with the plugin that has it."""
    with pytest.raises(PluginError, match=rf"^Plugin 'bb' .*{name} .* plugin 'aa'"):
        app_of(setup, setup)
    with pytest.raises(ValueError, match=rf"^{name} .* plugin 'aa'"):
        setup(app_of(setup), "application")


def test_all_conflicts_are_reported_at_once() -> None:
    """Two plugins that conflict with a third one, in several things, are in one error."""
    with pytest.raises(PluginError) as caught:
        app_of(both(extension, converter), extension, rule, converter)
    text = str(caught.value)
    assert "Plugin 'bb' registers the key of app.extensions 'cache'" in text
    assert "Plugin 'dd' registers the converter 'wren'" in text
    assert "Plugin 'cc'" not in text


def test_a_shared_value_is_not_a_conflict() -> None:
    """Plugins may set one object under one name, and each may set its own again."""
    shared = object()

    def setup(app: Any, name: str) -> None:
        app.extensions["shared"] = shared
        app.extensions[name] = 1
        app.extensions[name] = 2

    app = app_of(setup, setup)
    app.start()
    assert app.plugins.conflicts == []


def test_the_distributions_are_named() -> None:
    """An installed plugin is named with its distribution and version."""
    source = """
        from cocopot import hookimpl

        @hookimpl
        def cocopot_setup(app):
            app.extensions["cache"] = object()
    """
    with (
        installed_plugin("one", source, version="1.5"),
        installed_plugin("two", source),
        pytest.raises(
            PluginError, match=r"'two' \(cocopot-two 1.0.0, .* 'one' \(cocopot-one 1.5\) at "
        ) as caught,
    ):
        Cocopot(__name__, autoload={"one", "two"})
    assert caught.value.distribution == "cocopot-two"


def test_the_plugin_that_takes_the_static_endpoint_is_named() -> None:
    """It is not the built-in one, without which there were no static files."""

    def static(app: Any, _name: str) -> None:
        app.add_url_rule("/s", "static", lambda: "mine")

    with pytest.raises(PluginError, match=r"the endpoint 'static', .* 'builtin.static'") as caught:
        app_of(static)
    assert caught.value.plugin == "aa"
    assert "static_folder=None" in caught.value.cure
    app = app_of(static, plugin_errors="warn")
    assert list(app.plugins.failed) == ["aa"]
    assert [r.rule for r in app.router.iter_rules()] == ["/static/<path:filename>"]
    assert app_of(static, static_folder=None).test_client().get("/s").text == "mine"


def test_a_skipped_plugin_leaves_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    """With `plugin_errors="warn"` the second plugin is skipped, and the first keeps what it has."""
    app = app_of(extension, both(rule, extension), plugin_errors="warn")
    assert list(app.plugins.failed) == ["bb"]
    assert "which is also registered by plugin 'aa'" in caplog.text
    assert app.test_client().get("/health").status_code == 404
    assert app.plugins.conflicts == []


def test_a_late_plugin_is_refused_and_rolled_back() -> None:
    """A conflict of a plugin that is registered later is found then."""
    app = app_of(extension)
    cache = app.extensions["cache"]
    with pytest.raises(PluginError, match=r"'late' registers the key of app.extensions 'cache'"):
        app.plugins.register(Plugin("late", extension), "late")
    assert app.extensions["cache"] is cache
    app.plugins.unregister(name="aa")
    app.plugins.register(Plugin("late", extension), "late")


class Opens:
    """A plugin that opens a pool when the application starts."""

    def __init__(self, name: str) -> None:
        self.plugin_name = name

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        app.extensions["pool"] = object()


def test_startup_hooks_conflict_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """What two startup hooks set under one name is an error of the start, or logged."""
    plugins = [Opens("aa"), Opens("bb")]
    with pytest.raises(PluginError, match=r"'bb' registers the key of app.extensions 'pool'.* 'aa'"):
        Cocopot(__name__, autoload=False, plugins=plugins).start()
    Cocopot(__name__, autoload=False, plugins=plugins[:1]).start()
    Cocopot(__name__, autoload=False, plugins=plugins, plugin_errors="warn").start()
    assert "'bb' registers the key of app.extensions 'pool'" in caplog.text


# -------------------------------------------------------------------------
# Reports
# -------------------------------------------------------------------------


def test_rules_are_reported_with_the_winner(caplog: pytest.LogCaptureFixture) -> None:
    """The rule that was added first is used; the warning at the start names all plugins and places."""
    app = app_of(rule, rule, rule)
    with caplog.at_level(logging.WARNING):
        app.start()
    [conflict] = app.plugins.conflicts
    assert (conflict.kind, conflict.key, conflict.is_error) == ("rule", "GET /health", False)
    assert (conflict.winner.plugin, [claim.plugin for claim in conflict.losers]) == ("aa", ["bb", "cc"])
    assert app.test_client().get("/health").text == "aa"
    assert f"- {conflict}" in caplog.messages[0]
    assert f"The rule 'GET /health' of plugin 'aa' at {__file__}:" in caplog.messages[0]


def test_a_rule_of_the_application_that_is_never_used() -> None:
    """Plugins add their rules first, so that the application's is the one that is reported."""
    app = app_of(rule)
    app.add_url_rule("/health", "mine", lambda: "mine")
    [conflict] = app.plugins.conflicts
    assert (conflict.winner.plugin, conflict.losers[0].plugin) == ("aa", None)
    assert "and not that of the application at " in str(conflict)
    assert app.test_client().get("/health").text == "aa"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("/<int(min=10):n>", "/<int(max=9):n>"),
        ("/x/", "/x"),
        ("/<name>", "/<path:name>"),
    ],
)
def test_rules_that_match_different_urls(first: str, second: str) -> None:
    """Converters with other arguments, and a slash at the end, make other rules."""
    app = app_of(lambda app, _: app.add_url_rule(first, "one", lambda n=0, name="": "one"))
    app.add_url_rule(second, "two", lambda n=0, name="": "two")
    assert app.plugins.conflicts == []


def test_the_methods_that_two_rules_have_in_common() -> None:
    """Only these are reported; HEAD and the automatic OPTIONS come with others."""
    app = app_of(lambda app, _: app.add_url_rule("/<a>", "one", lambda a: a, methods=["GET", "POST"]))
    app.add_url_rule("/<b>", "two", lambda b: b, methods=["GET", "PUT"])
    app.add_url_rule("/<c>", "three", lambda c: c, methods=["DELETE"])
    assert [conflict.key for conflict in app.plugins.conflicts] == ["GET /<a>"]


def test_error_handlers_are_reported_with_the_winner() -> None:
    """The one that was registered last is used; the application's replaces them without a report."""
    app = app_of(error_handler, error_handler)
    [conflict] = app.plugins.conflicts
    assert (conflict.kind, conflict.key) == ("error handler", "404")
    assert (conflict.winner.plugin, conflict.losers[0].plugin) == ("bb", "aa")
    assert app.test_client().get("/").text == "bb"
    app = app_of(error_handler)
    app.register_error_handler(404, lambda _: ("application", 404))
    assert app.plugins.conflicts == []


class Provider:
    def __init__(self, name: str) -> None:
        self.plugin_name = name

    @hookimpl
    def cocopot_json_provider(self, app: Cocopot) -> object:
        return type("Provider", (DefaultJSONProvider,), {"name": self.plugin_name})(app)


class Fallback(Provider):
    @hookimpl(trylast=True)
    def cocopot_json_provider(self, app: Cocopot) -> object:
        return object()


def test_json_providers_are_reported_with_the_winner() -> None:
    """The first result is used; one with `trylast` is a fallback by intent."""
    plugins = [Provider("aa"), Provider("bb"), Fallback("cc")]
    app = Cocopot(__name__, autoload=False, plugins=plugins)
    [conflict] = app.plugins.conflicts
    assert str(conflict).startswith("The JSON provider of plugin 'bb' at ")
    assert [claim.plugin for claim in conflict.losers] == ["aa"]
    provider: Any = app.json
    assert provider.name == "bb"
