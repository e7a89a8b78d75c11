"""`cocopot_wsgi`: what plugins put around the WSGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from cocopot import Cocopot, Response, hookimpl, request
from cocopot.exceptions import blame_of
from tests.hooks.drivers import plugin
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

HOOK = "cocopot_wsgi"


class Around:
    """Records its name when it is called as WSGI middleware, and counts the calls of the hook."""

    def __init__(self, calls: list[str], name: str) -> None:
        self.calls, self.name, self.number = calls, name, 0

    @hookimpl
    def cocopot_wsgi(self, wsgi: Any) -> Any:
        self.number += 1

        def middleware(environ: Any, start_response: Any) -> Any:
            self.calls.append(self.name)
            return wsgi(environ, start_response)

        return middleware


class First(Around):
    """The same, called first, and so inside of the others."""

    cocopot_wsgi = hookimpl(tryfirst=True)(Around.cocopot_wsgi)


class Last(Around):
    """The same, called last, and so outside of the others."""

    cocopot_wsgi = hookimpl(trylast=True)(Around.cocopot_wsgi)


def around(function: Callable[[Any, Any, Any], Any]) -> Any:
    """Return a plugin whose middleware is a function of the inner application and PEP 3333's arguments."""
    return plugin(
        "plugin", HOOK, lambda wsgi: lambda environ, start_response: function(wsgi, environ, start_response)
    )


def test_every_request_passes_through_it_once() -> None:
    """The first request too; the hook itself is called once, at the start, in the order of the onion."""
    calls: list[str] = []
    plugins = {name: Around(calls, name) for name in "abc"}
    app = app_with(**plugins)
    app.before_request(lambda: calls.append("request"))
    client = app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["view"] * 2
    assert calls == ["a", "b", "c", "request"] * 2
    assert [plugin.number for plugin in plugins.values()] == [1, 1, 1]


@pytest.mark.parametrize("is_early", [True, False])
def test_wsgi_app_is_innermost(is_early: bool) -> None:
    """An application replaces `wsgi_app` before or after the start; plugins stay around it."""
    calls: list[str] = []
    app = app_with(a=Around(calls, "a"))
    if not is_early:
        app.start()
    inner = app.wsgi_app

    def own(environ: Any, start_response: Any) -> Any:
        calls.append("own")
        return inner(environ, start_response)

    app.wsgi_app = own
    assert app.test_client().get("/").text == "view"
    assert calls == ["a", "own"]


def test_the_configuration_is_final() -> None:
    """It fires after the startup hooks, in which a plugin normalises its configuration."""

    class Proxies:
        @hookimpl
        def cocopot_startup(self, app: Cocopot) -> None:
            app.config["PROXIES"] = int(app.config["PROXIES"])

        @hookimpl
        def cocopot_wsgi(self, app: Cocopot, wsgi: Any) -> Any:
            return ProxyFix(wsgi, x_for=app.config["PROXIES"])

    app = app_with(proxies=Proxies())
    app.config["PROXIES"] = "1"
    app.add_url_rule("/address", "address", lambda: str(request.remote_addr))
    answer = app.test_client().get("/address", headers={"X-Forwarded-For": "10.0.0.7"})
    assert answer.text == "10.0.0.7"


def test_a_mount() -> None:
    """Another application is mounted below a prefix, and the middleware may also answer by itself."""
    other = Response("other")
    app = app_with(plugin=plugin("plugin", HOOK, lambda wsgi: DispatcherMiddleware(wsgi, {"/other": other})))
    client = app.test_client()
    assert [client.get(path).text for path in ("/other", "/")] == ["other", "view"]


def test_nothing_is_called_without_it() -> None:
    """Without an implementation, or after one that returns `None`, `wsgi_app` is called itself."""
    for app in (app_with(), app_with(plugin=plugin("plugin", HOOK, lambda: None))):
        app.start()
        assert vars(app)["_outermost"] is None
        assert app.test_client().get("/").text == "view"


@pytest.mark.parametrize(
    ("result", "shown"), [("text", "a 'str'"), (3, "a 'int'"), (["a"], "a 'list'"), (False, "a 'bool'")]
)
def test_a_result_that_cannot_be_called(result: object, shown: str) -> None:
    """It stops the start, and the error names the plugin, the hook and the place."""
    app = app_with(wrong=plugin("wrong", HOOK, lambda: result))
    for _ in range(2):
        with pytest.raises(TypeError, match=f"Plugin 'wrong' returned {shown} from cocopot_wsgi") as caught:
            app.test_client().get("/")
        assert "drivers.py" in str(caught.value) or "test_cocopot_wsgi.py" in str(caught.value)
        assert not app.started


def test_a_plugin_after_a_start_that_failed() -> None:
    """A plugin that is registered between the failed start and the next one is started once."""
    calls: list[str] = []
    results = iter(["text", None])
    app = app_with(wrong=plugin("wrong", HOOK, lambda: next(results)))
    with pytest.raises(TypeError):
        app.start()
    app.plugins.register(plugin("late", "cocopot_startup", lambda: calls.append("started")), "late")
    assert calls == []
    app.start()
    assert calls == ["started"]


def test_an_exception_names_the_plugin() -> None:
    """What the middleware raises reaches the server with the name of the plugin that raised it."""

    def fail(wsgi: Any, environ: Any, start_response: Any) -> Any:
        raise ValueError("wrong")

    app = app_with(a=Around([], "a"), broken=around(fail), c=Around([], "c"))
    with pytest.raises(ValueError, match="wrong") as caught:
        app.test_client().get("/")
    assert caught.value.__notes__ == ["Raised by plugin 'broken' in hook cocopot_wsgi."]
    assert [blame.hook for blame in blame_of(caught.value)] == [HOOK]


def test_an_exception_of_the_application_names_no_plugin() -> None:
    """One that only passes through the middleware of plugins is the application's."""
    app = app_with(a=Around([], "a"), b=Around([], "b"))
    app.add_url_rule("/broken", "broken", lambda: str(1 / 0))
    with pytest.raises(ZeroDivisionError) as caught:
        app.test_client().get("/broken")
    assert not hasattr(caught.value, "__notes__")


def test_an_exception_in_place_of_another() -> None:
    """The plugin that catches an exception and raises another one is named on that one."""

    def replace(wsgi: Any, environ: Any, start_response: Any) -> Any:
        try:
            return wsgi(environ, start_response)
        except ZeroDivisionError as error:
            raise LookupError("replaced") from error

    app = app_with(a=Around([], "a"), replacing=around(replace), c=Around([], "c"))
    app.add_url_rule("/broken", "broken", lambda: str(1 / 0))
    with pytest.raises(LookupError) as caught:
        app.test_client().get("/broken")
    assert [blame.plugin for blame in blame_of(caught.value)] == ["replacing"]
    assert blame_of(caught.value.__cause__ or caught.value) == ()


def test_a_late_plugin_gets_its_place() -> None:
    """Its part is where it would be, had it been there at the start; the others are not called again."""
    calls: list[str] = []
    plugins = {
        "a": Around(calls, "a"),
        "b": Around(calls, "b"),
        "x": First(calls, "x"),
        "y": Last(calls, "y"),
    }
    app = app_with(**plugins)
    client = app.test_client()
    client.get("/")
    late = {"c": Around(calls, "c"), "first": First(calls, "first"), "last": Last(calls, "last")}
    for name, added in late.items():
        app.plugins.register(added, name)
    calls.clear()
    client.get("/")
    order = [impl.plugin_name for impl in app.plugins.call_order(HOOK)]
    assert calls == order[::-1]
    assert {plugin.number for plugin in (*plugins.values(), *late.values())} == {1}


def test_a_late_plugin_is_the_only_one() -> None:
    """It is put around the application also if nothing was before, and removed without a trace."""
    calls: list[str] = []
    app = app_with()
    app.start()
    late = Around(calls, "late")
    app.plugins.register(late, "late")
    app.test_client().get("/")
    app.plugins.unregister(late)
    app.test_client().get("/")
    assert calls == ["late"]
    assert vars(app)["_outermost"] is None


def test_a_late_plugin_that_fails_is_rolled_back() -> None:
    """Registering it raises, and its part and that of the others are what they were before."""
    calls: list[str] = []
    app = app_with(a=Around(calls, "a"))
    app.start()
    for function in (lambda: "text", lambda: int("a")):
        with pytest.raises((TypeError, ValueError)) as caught:
            app.plugins.register(plugin("wrong", HOOK, function), "wrong")
        assert [blame.plugin for blame in blame_of(caught.value)] == ["wrong"]
    assert app.test_client().get("/").text == "view"
    assert calls == ["a"]
    assert not app.plugins.has_plugin("wrong")


@pytest.mark.parametrize("removed", ["a", "b", "c", "ab", "bc", "abc"])
def test_unregistering_removes_the_part(removed: str) -> None:
    """Whichever part it is, the others stay, and one that is registered again is inserted again."""
    calls: list[str] = []
    plugins = {name: Around(calls, name) for name in "abc"}
    app = app_with(**plugins)
    client = app.test_client()
    client.get("/")
    for name in removed:
        app.plugins.unregister(name=name)
    calls.clear()
    client.get("/")
    assert calls == [name for name in "abc" if name not in removed]
    for name in removed:
        app.plugins.register(plugins[name], name)
    calls.clear()
    client.get("/")
    order = [impl.plugin_name for impl in app.plugins.call_order(HOOK)]
    assert calls == order[::-1]


def test_a_second_start() -> None:
    """After `close` the next request starts the application, and the hook fires again."""
    calls: list[str] = []
    wrapped = Around(calls, "a")
    app = app_with(a=wrapped)
    app.test_client().get("/")
    app.close()
    app.test_client().get("/")
    assert calls == ["a", "a"]
    assert wrapped.number == 2


def test_a_request_during_the_start() -> None:
    """A request of a startup hook reaches the application itself: the plugins' parts are not there yet."""
    calls: list[str] = []
    app = app_with(a=Around(calls, "a"))
    app.on_startup(lambda: calls.append(app.test_client().get("/").text))
    app.test_client().get("/")
    assert calls == ["view", "a"]


def test_a_request_context_is_not_wrapped() -> None:
    """`test_request_context` makes a context of the environment as it is."""
    calls: list[str] = []
    app = app_with(a=Around(calls, "a"))
    app.start()
    with app.test_request_context("/"):
        assert app.full_dispatch_request().data == b"view"
    assert calls == []


def test_a_wrapper_of_the_hook() -> None:
    """It runs around all implementations once, and may replace the result, for which it is to blame."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_wsgi(self) -> Generator[None, Any, Any]:
            wsgi = yield

            def middleware(environ: Any, start_response: Any) -> Any:
                calls.append("wrapper")
                if environ["PATH_INFO"] == "/broken":
                    raise ValueError("wrong")
                return wsgi(environ, start_response)

            return middleware

    calls: list[str] = []
    app = app_with(a=Around(calls, "a"), wrapper=Wrapper(), c=Around(calls, "c"))
    client = app.test_client()
    client.get("/")
    assert calls == ["wrapper", "a", "c"]
    with pytest.raises(ValueError, match="wrong") as caught:
        client.get("/broken")
    assert [blame.plugin for blame in blame_of(caught.value)] == ["wrapper"]


def test_a_body_that_is_replaced() -> None:
    """A generator as middleware works, and the end of the response inside is reported."""
    ends: list[int] = []

    def upper(wsgi: Any, environ: Any, start_response: Any) -> Iterator[bytes]:
        yield from (piece.upper() for piece in wsgi(environ, start_response))

    closed = plugin("closed", "cocopot_response_closed", lambda response: ends.append(response.status_code))
    app = app_with(upper=around(upper), closed=closed)
    assert app.test_client().get("/").text == "VIEW"
    assert ends == [200]


@pytest.mark.parametrize("path", ["/", "/stream"])
def test_an_exception_of_a_generator_names_the_plugin(path: str) -> None:
    """Middleware that is a generator function runs while the body is read, and is blamed there, too."""

    def fail(wsgi: Any, environ: Any, start_response: Any) -> Iterator[bytes]:
        yield from wsgi(environ, start_response)
        raise ValueError("wrong")

    app = app_with(a=Around([], "a"), broken=around(fail), c=Around([], "c"))
    app.add_url_rule("/stream", "stream", lambda: iter(["a", "b"]))
    with pytest.raises(ValueError, match="wrong") as caught:
        app.test_client().get(path).get_data()
    assert [blame.plugin for blame in blame_of(caught.value)] == ["broken"]


@pytest.mark.parametrize("passthrough", [False, True])
@pytest.mark.parametrize("observes", [False, True])
def test_an_exception_of_a_body_names_no_plugin(observes: bool, passthrough: bool) -> None:
    """A body of the application that raises is not the fault of the middleware that passes it on."""

    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise ValueError("wrong")

    def upper(wsgi: Any, environ: Any, start_response: Any) -> Iterator[bytes]:
        for piece in wsgi(environ, start_response):
            yield piece.upper()

    app = app_with(a=Around([], "a"), upper=around(upper))
    if observes:
        app.plugins.register(plugin("observes", "cocopot_response_closed", lambda: None), "observes")
    view = lambda: Response(pieces(), direct_passthrough=passthrough)  # noqa: E731
    app.add_url_rule("/stream", "stream", view)
    with pytest.raises(ValueError, match="wrong") as caught:
        app.test_client().get("/stream").get_data()
    assert blame_of(caught.value) == ()
