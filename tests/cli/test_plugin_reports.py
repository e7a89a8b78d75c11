from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, hookimpl
from cocopot.cli.plugin_reports import report_hooks, report_plugins
from cocopot.hooks import hookspec, specs
from cocopot.registry.error_handlers import ERROR_HANDLERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.cli.plugin_reports import HookReport, PluginReport
    from cocopot.locations import SourceLocation


class Session:
    plugin_name = "visits"
    after = ("metrics",)

    @hookimpl
    def cocopot_after_request(self, response: Any) -> None: ...

    @hookimpl(specname="cocopot_before_request")
    def open_session(self) -> None: ...


class Login:
    plugin_name = "login"
    requires = ("visits",)

    @hookimpl(tryfirst=True)
    def cocopot_before_request(self) -> None: ...

    @hookimpl(wrapper=True)
    def cocopot_dispatch_request(self) -> Iterator[None]:
        return (yield)

    @hookimpl(hookwrapper=True)
    def cocopot_make_response(self) -> Iterator[None]:
        yield


class Misspelled:
    plugin_name = "misspelled"

    @hookimpl
    def cocopot_befor_request(self) -> None: ...


class Fails:
    plugin_name = "fails"

    @hookimpl
    def cocopot_setup(self) -> None:
        raise LookupError("nothing to set up")


class AddsHooks:
    """Specifies two hooks, the later one first by name."""

    class Specs:
        @hookspec(firstresult=True)
        def shop_order(self, article: str) -> None: ...

        @hookspec(order="out", threaded="article")
        def shop_article(self, article: str) -> None: ...

    @hookimpl
    def cocopot_addhooks(self, pluginmanager: Any) -> None:
        pluginmanager.add_hookspecs(self.Specs)

    @hookimpl(optionalhook=True)
    def cocopot_of_nobody(self) -> None: ...


def make_app(*plugins: object, **options: Any) -> Cocopot:
    return Cocopot(__name__, autoload=options.pop("autoload", False), plugins=plugins, **options)


def plugins_of(app: Cocopot, *names: str) -> list[PluginReport]:
    """Return what is reported of these plugins, whatever else happens to be installed."""
    return [report for report in report_plugins(app.plugins) if report.name in names]


def hook_of(app: Cocopot, name: str, scopes: list[str] | None = None) -> HookReport:
    (found,) = (report for report in report_hooks(app.plugins, scopes) if report.name == name)
    return found


def source_at(place: SourceLocation | None) -> str:
    assert place is not None
    assert Path(place.file) == Path(__file__)
    return place.read_line()


# -------------------------------------------------------------------------
# Plugins
# -------------------------------------------------------------------------


def test_report_of_a_loaded_plugin() -> None:
    """Position, needs and hooks are there, the hooks in the order of the contract and by their own names."""
    session, login = plugins_of(make_app(Login, Session), "visits", "login")
    assert (session.state, session.position, session.source) == ("loaded", 1, "passed")
    assert (session.distribution, session.version, session.entry_point, session.error) == (None,) * 4
    assert (session.requires, session.after) == ((), ("metrics",))
    assert session.hooks == ("cocopot_before_request", "cocopot_after_request")
    assert source_at(session.place) == "class Session:"
    assert (login.position, login.requires) == (2, ("visits",))


def test_report_of_a_failed_plugin() -> None:
    """The error, the cause and the traceback are there, and what is known of the plugin besides."""
    app = make_app(Fails, Misspelled, plugin_errors="warn")
    fails, misspelled = plugins_of(app, "fails", "misspelled")
    assert (fails.state, fails.position, fails.hooks) == ("failed", None, ("cocopot_setup",))
    assert fails.error is not None
    assert fails.error.message == str(app.plugins.failed["fails"])
    assert fails.error.cause == "LookupError: nothing to set up"
    assert 'raise LookupError("nothing to set up")' in fails.error.traceback
    assert misspelled.error is not None
    assert (misspelled.error.cause, misspelled.error.hook) == (None, "cocopot_befor_request")


def test_an_excluded_plugin_names_the_setting() -> None:
    """A plugin that was passed as an object can be disabled."""
    (report,) = plugins_of(make_app(Session, disable={"visits"}), "visits")
    assert (report.state, report.reason, report.position) == ("disabled", "by disable=", None)


def test_a_name_that_is_not_there_is_a_plugin_that_failed() -> None:
    """A selected name that is not installed has no source."""
    (report,) = plugins_of(make_app(autoload={"unheard-of"}, plugin_errors="warn"), "unheard-of")
    assert (report.state, report.source) == ("failed", None)
    assert report.error is not None
    assert "is not installed" in report.error.message


def test_a_plugin_that_was_taken_out_is_still_shown() -> None:
    """What the application unregistered is known to have been there."""
    app = make_app(Session, Login)
    app.plugins.unregister(name="visits")
    login, session = plugins_of(app, "visits", "login")
    assert (login.state, login.position) == ("loaded", 1)
    assert (session.state, session.reason, session.position) == ("unregistered", "by the application", None)


def test_a_plugin_that_was_registered_later_is_shown_and_checked() -> None:
    """It is behind the others; what only the first request would refuse is an error already."""
    app = make_app(Session)
    app.plugins.register(SimpleNamespace(), "late")
    app.plugins.register(Misspelled(), "wrong")
    _, late, wrong = plugins_of(app, "visits", "late", "wrong")
    assert (late.state, late.position, late.source) == ("loaded", 2, "registered")
    assert (late.requires, late.hooks, late.place) == ((), (), None)
    assert (wrong.state, wrong.position) == ("failed", 3)
    assert wrong.error is not None
    assert "Did you mean 'cocopot_before_request'?" in wrong.error.message


def test_a_plugin_that_cannot_be_inspected_is_reported() -> None:
    """What made it fail to load does not make the report fail."""

    class Raises:
        plugin_name = "raises"

        @property
        def requires(self) -> tuple[str, ...]:
            raise ValueError("do not look")

        def __dir__(self) -> list[str]:
            raise ValueError("do not look")

    (report,) = plugins_of(make_app(Raises(), plugin_errors="warn"), "raises")
    assert (report.state, report.requires, report.hooks) == ("failed", (), ())
    assert source_at(report.place) == "class Raises:"


def test_the_state_of_what_is_registered_can_be_named_otherwise() -> None:
    """Plugins that no application has set up are not called loaded."""
    (report,) = (
        report for report in report_plugins(make_app(Session).plugins, "installed") if report.name == "visits"
    )
    assert report.state == "installed"


# -------------------------------------------------------------------------
# Hooks
# -------------------------------------------------------------------------


def shop() -> Cocopot:
    """Return an application with its own functions, those of a blueprint, and plugins."""
    app, admin = make_app(Session, Login, AddsHooks), Blueprint("admin", __name__)
    for owner in (app, admin):
        owner.before_request(lambda: None)
        owner.after_request(lambda response: response)
        owner.register_error_handler(404, lambda error: "nothing here")
    app.register_blueprint(admin)
    return app


@pytest.mark.parametrize("scopes", [None, [], ["admin"]])
def test_the_order_is_that_of_the_calls(scopes: list[str] | None) -> None:
    """For every hook the names are in the order of `call_order`, for all endpoints or some."""
    app = shop()
    for report in report_hooks(app.plugins, scopes):
        names = [implementation.name for implementation in report.implementations]
        if report.name == "cocopot_handle_exception":
            names = [name for name in names if ".errorhandler" not in name]
        expected = [impl.plugin_name for impl in app.plugins.call_order(report.name, scopes)]
        assert names == [name for name in expected if name != ERROR_HANDLERS]


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (None, ["app.errorhandler(404)", "bp.admin.errorhandler(404)", "builtin.errors"]),
        ([], ["app.errorhandler(404)", "builtin.errors"]),
        (["admin"], ["app.errorhandler(404)", "bp.admin.errorhandler(404)", "builtin.errors"]),
    ],
)
def test_every_error_handler_is_listed(scopes: list[str] | None, names: list[str]) -> None:
    """The error handlers are called as one implementation, and each is listed with its own location."""
    reports = {report.name: report for report in report_hooks(shop().plugins, scopes)}
    implementations = reports["cocopot_handle_exception"].implementations
    assert [entry.name.partition(":")[0] for entry in implementations] == names
    for entry in implementations[:-1]:
        assert entry.blueprint == ("admin" if entry.name.startswith("bp.admin") else None)
        assert "register_error_handler(404, lambda" in source_at(entry.place)


def test_hooks_come_in_the_order_of_the_contract() -> None:
    """Cocopot's hooks come in its order, then those of plugins, then those without a specification."""
    names = [report.name for report in report_hooks(shop().plugins)]
    own = [specification.__name__ for specification in specs.CONTRACT]
    assert names == [*own, "shop_order", "shop_article", "cocopot_of_nobody"]


def test_a_hook_reports_how_results_are_used() -> None:
    """Kind, order, and who specifies the hook are read off the specification."""
    app = shop()
    after_request, shop_order = hook_of(app, "cocopot_after_request"), hook_of(app, "shop_order")
    assert (after_request.kind, after_request.threaded, after_request.order) == (
        "threaded",
        "response",
        "out",
    )
    assert after_request.specified_in == "cocopot.hooks.specs"
    assert (shop_order.kind, shop_order.threaded, shop_order.order) == ("first", None, None)
    assert shop_order.specified_in == f"{__name__}.AddsHooks.Specs"
    assert hook_of(app, "cocopot_of_nobody").specified_in is None


def test_an_implementation_reports_its_origin() -> None:
    """Origin, marks, blueprint and place are there; the place of a function is its own, not an adapter's."""
    login, session, own, admin = hook_of(shop(), "cocopot_before_request").implementations
    assert (login.name, login.origin, login.marks) == ("login", "plugin", ("tryfirst",))
    assert source_at(login.place) == "def cocopot_before_request(self) -> None: ..."
    assert source_at(session.place) == "def open_session(self) -> None: ..."
    assert (own.origin, own.blueprint, admin.blueprint) == ("application", None, "admin")
    assert source_at(own.place) == source_at(admin.place) == "owner.before_request(lambda: None)"


def test_wrappers_and_what_is_built_in_are_marked() -> None:
    """Wrappers of both styles come first, the built-in implementation last."""
    app = shop()
    wrapper, builtin = hook_of(app, "cocopot_dispatch_request").implementations
    assert (wrapper.marks, builtin.marks) == (("wrapper",), ("trylast",))
    assert (builtin.name, builtin.origin) == ("builtin.dispatch", "builtin")
    assert hook_of(app, "cocopot_make_response").implementations[0].marks == ("old-style wrapper",)


def test_a_report_is_plain_data() -> None:
    """All of it can be written as JSON, for an application in which something failed as well."""
    app = make_app(Session, Fails, plugin_errors="warn")
    plugins = [dataclasses.asdict(report) for report in report_plugins(app.plugins)]
    hooks = [dataclasses.asdict(report) for report in report_hooks(app.plugins)]
    document = json.loads(json.dumps({"plugins": plugins, "hooks": hooks}))
    assert {"visits", "fails"} <= {plugin["name"] for plugin in document["plugins"]}
    assert [hook["name"] for hook in document["hooks"]] == [hook["name"] for hook in hooks]
