"""A result of the wrong type is reported with the implementation that returned it, never with the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import Cocopot, PluginError, hookimpl, url_for
from cocopot.exceptions import blame_of
from cocopot.hooks.results import type_name
from cocopot.json import JSONProvider
from cocopot.testing import installed_plugin
from tests.hooks.drivers import plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def shop(*plugins: object) -> Cocopot:
    """Return an application with a view, one that raises, and one that builds a URL which does not exist."""
    app = Cocopot("shop", autoload=False, plugins=plugins)
    app.testing = True
    app.add_url_rule("/", "index", lambda: {"view": 1})
    app.add_url_rule("/boom", "boom", lambda: 1 // 0)  # type: ignore[arg-type,return-value]
    app.add_url_rule("/url", "url", lambda: url_for("nowhere"))
    return app


def returning(hook: str, value: object, name: str = "bad", **options: Any) -> type:
    """Return a plugin whose implementation of a hook returns a value."""

    def implementation(self: object) -> object:
        return value

    return type("Bad", (), {"plugin_name": name, "run": hookimpl(implementation, specname=hook, **options)})


def forgetful(hook: str) -> type:
    """Return a plugin whose wrapper of a hook forgets to return the result."""

    def wrapper(self: object) -> Iterator[None]:
        yield

    return type("Bad", (), {"plugin_name": "bad", "run": hookimpl(wrapper, specname=hook, wrapper=True)})


#: For each hook what drives it, and the words about a wrong result.
DRIVERS: dict[str, tuple[Callable[[Cocopot], object], str]] = {
    "cocopot_before_request": (lambda app: app.test_client().get("/"), "cannot be made into a response"),
    "cocopot_dispatch_request": (lambda app: app.test_client().get("/"), "cannot be made into a response"),
    "cocopot_handle_exception": (
        lambda app: app.test_client().get("/boom"),
        "cannot be made into a response",
    ),
    "cocopot_make_response": (lambda app: app.test_client().get("/"), "it must return a Response"),
    "cocopot_after_request": (lambda app: app.test_client().get("/"), "return a cocopot.Response, or None"),
    "cocopot_url_build_error": (lambda app: app.test_client().get("/url"), "return a str, or None"),
    "cocopot_json_provider": (lambda app: app.json, "return a cocopot.json.JSONProvider, or None"),
    "cocopot_shell_context": (lambda app: app.make_shell_context(), "return a collections.abc.Mapping"),
}


@pytest.mark.parametrize("value", [True, 42, 1.5, frozenset((1,)), object])
@pytest.mark.parametrize("hook", DRIVERS)
def test_the_plugin_is_named(hook: str, value: object) -> None:
    """Plugin, hook, place and what was returned are in the message, and the first three are data too."""
    drive, words = DRIVERS[hook]
    if value is object and hook in ("cocopot_before_request", "cocopot_dispatch_request"):
        value = 7  # a class can be called, as a WSGI application can
    with pytest.raises(TypeError) as caught:
        drive(shop(returning("cocopot_request_started", None, "good"), returning(hook, value)))
    text = str(caught.value)
    assert "lugin 'bad' returned" in text
    assert hook in text
    assert words in text
    assert "The view" not in text
    assert f"\n  at {__file__}:" in text
    (blame,) = blame_of(caught.value)
    assert (blame.plugin, blame.hook, blame.action) == ("bad", hook, "returned")
    assert caught.value.__notes__ == [f"Returned by plugin 'bad' in hook {hook}."]


@pytest.mark.parametrize(
    "hook",
    ["cocopot_dispatch_request", "cocopot_make_response", "cocopot_after_request", "cocopot_json_provider"],
)
def test_a_wrapper_that_forgets_to_return_is_named(hook: str) -> None:
    """It replaces the result by `None`, where there must be one."""
    drive, _ = DRIVERS[hook]
    with pytest.raises(TypeError, match="The wrapper of plugin 'bad' returned") as caught:
        drive(shop(returning("cocopot_request_started", None, "good"), forgetful(hook)))
    assert [blame.plugin for blame in blame_of(caught.value)] == ["bad"]


@pytest.mark.parametrize("wrong", [None, {"a": 1}, [1]])
def test_a_wrapper_of_collected_results(wrong: object) -> None:
    """It gets the list of the results, and must return one."""

    class Bad:
        plugin_name = "bad"

        @hookimpl(wrapper=True)
        def cocopot_shell_context(self) -> Any:
            yield
            return wrong

    with pytest.raises(TypeError, match=r"The wrapper of plugin 'bad' returned .* the result of its yield"):
        shop(Bad).make_shell_context()


def test_of_several_the_right_one() -> None:
    """Of plugins, functions and wrappers around one hook, the message names who returned the value."""

    class Pass:
        @hookimpl(wrapper=True)
        def cocopot_before_request(self) -> Any:
            return (yield)

    class Replace:
        plugin_name = "replace"

        @hookimpl(wrapper=True)
        def cocopot_before_request(self) -> Any:
            yield
            return 42

    plugins = [returning("cocopot_before_request", None, "a"), returning("cocopot_before_request", 1, "b")]
    with pytest.raises(TypeError, match=r"^Plugin 'b' returned"):
        shop(*plugins, returning("cocopot_before_request", 2, "c"), Pass).test_client().get("/")
    with pytest.raises(TypeError, match=r"^The wrapper of plugin 'replace' returned"):
        shop(*plugins, Replace).test_client().get("/")


def test_a_value_of_the_view_after_a_plugin_passed() -> None:
    """The view is named for its own value, whatever the hooks before it did."""
    app = shop(returning("cocopot_before_request", None), returning("cocopot_dispatch_request", None, "two"))
    app.add_url_rule("/view", "view", lambda: 42)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match=r"^The view for 'view' returned a 'int'"):
        app.test_client().get("/view")


def must_be_staff() -> object:
    return True


def no_url(error: object, endpoint: str, values: object) -> object:
    return 42


def not_found(exc: object) -> object:
    return 3


def test_functions_of_the_application() -> None:
    """A decorated function is named, and an error handler with what it handles, without a view too."""
    app = shop()
    app.errorhandler(404)(not_found)
    app.url_build_error_handler(no_url)
    with pytest.raises(
        TypeError, match=rf"^The function 'app.errorhandler\(404\): {__name__}.not_found' returned"
    ):
        app.test_client().get("/missing")
    with pytest.raises(
        TypeError, match=rf"'app.url_build_error_handler: {__name__}.no_url' returned a 'int'"
    ):
        app.test_client().get("/url")
    app = shop()
    app.before_request(must_be_staff)
    with pytest.raises(TypeError, match=rf"'app.before_request: {__name__}.must_be_staff' returned a 'bool'"):
        app.test_client().get("/missing")


@pytest.mark.parametrize("value", [("text", 200, {}, "more"), (None, 200), (42, 404)])
def test_tuples(value: object) -> None:
    """What is wrong inside a tuple is the plugin's, too."""
    with pytest.raises(TypeError, match=r"^Plugin 'bad' returned"):
        shop(returning("cocopot_before_request", value)).test_client().get("/")


def test_configuration_defaults() -> None:
    """They are a mapping; the error has the place and what to return."""
    for value in (42, [("A", 1)], "text"):
        with pytest.raises(
            PluginError, match=r"'bad' returned a .*; return a collections.abc.Mapping"
        ) as caught:
            shop(returning("cocopot_config_defaults", value))
        assert caught.value.place is not None


def test_the_distribution() -> None:
    """An installed plugin is named with its distribution and version."""
    source = "from cocopot import hookimpl\n@hookimpl\ndef cocopot_before_request(): return 42\n"
    with installed_plugin("guard", source):
        app = Cocopot("shop", autoload={"guard"})
        app.testing = True
        with pytest.raises(TypeError, match=r"^Plugin 'guard' \(cocopot-guard [\d.]+\) returned a 'int'"):
            app.test_client().get("/")


def test_a_value_that_cannot_be_shown() -> None:
    """Reporting it does not raise another exception."""

    class Odd:
        def __repr__(self) -> str:
            raise ValueError

    with pytest.raises(TypeError, match=r"^Plugin 'bad' returned a 'Odd'"):
        shop(returning("cocopot_before_request", Odd())).test_client().get("/")


def test_called_by_name_with_anything() -> None:
    """A hook that is called by name with an object that is no request still returns its result."""
    app = shop(returning("cocopot_before_request", "answer"))
    assert app.plugins.hook.cocopot_before_request(app=app, request=object()) == "answer"


def test_type_names() -> None:
    """A type has the name by which users import it."""
    assert [type_name(cls) for cls in (str, WerkzeugResponse, JSONProvider)] == [
        "str",
        "cocopot.Response",
        "cocopot.json.JSONProvider",
    ]


@pytest.mark.parametrize("hook", ["cocopot_before_request", "cocopot_handle_exception"])
@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
def test_a_wrapper_that_drops_a_result(hook: str, style: str) -> None:
    """The view is not called in place of a guard's response, and the wrapper is named."""

    def drop() -> Any:
        outcome = yield
        if style == "hookwrapper":
            outcome.force_result(None)

    careless = plugin("careless", hook, drop, **{style: True})
    app = shop(careless, plugin("guard", hook, lambda: ("no", 403)))
    path = "/" if hook == "cocopot_before_request" else "/missing"
    with pytest.raises(TypeError, match=f"The wrapper of plugin 'careless' returned None from {hook}; a wr"):
        app.test_client().get(path)
    app.testing = False
    assert app.test_client().get(path).status_code == 500


def test_a_wrapper_of_no_result() -> None:
    """What has no result to drop may return nothing."""

    def around() -> Any:
        yield

    app = shop(plugin("around", "cocopot_before_request", around, wrapper=True))
    assert app.test_client().get("/").json == {"view": 1}
