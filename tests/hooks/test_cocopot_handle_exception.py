"""`cocopot_handle_exception`: turn an exception into a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import InternalServerError, NotFound

import cocopot
from cocopot import Blueprint, Cocopot, hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

HOOK = "cocopot_handle_exception"


def app_that_raises(exc: Exception, **plugins: object) -> Cocopot:
    """Return an application whose view `/` raises."""
    app = Cocopot("shop", autoload=False)
    app.testing = True
    for name, plugin in plugins.items():
        app.plugins.register(plugin, name)

    @app.route("/")
    def index() -> str:
        raise exc

    return app


def test_fires_between_view_and_make_response() -> None:
    """It comes after the view, and what it returns goes to the make-response hooks."""
    calls: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_handle_exception(self, exc: Exception) -> str:
            calls.append(str(exc))
            return "handled"

        @hookimpl
        def cocopot_make_response(self, value: Any) -> None:
            calls.append(value)

    response = app_that_raises(ValueError("wrong"), plugin=Plugin()).test_client().get("/")
    assert (response.status_code, response.text) == (200, "handled")
    assert calls == ["wrong", "handled"]


def test_arguments() -> None:
    """It gets application, request and exception, HTTP exceptions included, and may change that in place."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_handle_exception(self, app: Any, request: Any, exc: Any) -> None:
            seen.extend([app, request.path, type(exc)])
            exc.description = "changed"

    app = app_with(plugin=Plugin())
    assert "changed" in app.test_client().get("/nowhere").text
    assert seen == [app, "/nowhere", NotFound]


def test_not_for_redirects_of_the_router() -> None:
    """A redirect to the URL with a slash is not an error."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "plugin", HOOK))
    app.add_url_rule("/slash/", "slash", lambda: "slash")
    assert app.test_client().get("/slash").status_code == 308
    assert calls == []


def test_once_more_with_the_500() -> None:
    """An unhandled exception returns as the `original_exception` of an `InternalServerError`."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_handle_exception(self, exc: Any) -> Any:
            seen.append(type(exc))
            return (str(exc.original_exception), 500) if isinstance(exc, InternalServerError) else None

    app = app_that_raises(ValueError("wrong"), plugin=Plugin())
    app.testing = False
    response = app.test_client().get("/")
    assert (response.status_code, response.text) == (500, "wrong")
    assert seen == [ValueError, InternalServerError]


def test_order() -> None:
    """A plugin with `tryfirst` comes first, then an error handler, then plugins in reverse load order."""
    calls: list[str] = []
    app = app_that_raises(
        KeyError("wrong"),
        late=recorder(calls, "trylast", HOOK, trylast=True),
        one=recorder(calls, "one", HOOK),
        two=recorder(calls, "two", HOOK),
        early=recorder(calls, "tryfirst", HOOK, tryfirst=True),
    )
    with app.test_request_context("/") as context:
        ask = app.plugins.hook.cocopot_handle_exception
        assert ask(app=app, request=context.request, exc=KeyError()) is None
    assert calls == ["tryfirst", "two", "one", "trylast"]
    calls.clear()
    app.register_error_handler(KeyError, lambda exc: "handled")
    assert app.test_client().get("/").text == "handled"
    assert calls == ["tryfirst"]


def test_the_most_specific_handler() -> None:
    """Of the application's handlers the most specific one answers, whenever it was registered."""
    app = app_that_raises(KeyError("wrong"))
    app.register_error_handler(KeyError, lambda exc: "key")
    app.register_error_handler(LookupError, lambda exc: "lookup")
    app.register_error_handler(Exception, lambda exc: "any")
    assert app.test_client().get("/").text == "key"
    assert app.test_client().get("/nowhere").text == "any"


def test_blueprint() -> None:
    """A blueprint's handler wins over the application's, for its endpoints and under its prefix."""
    app = app_with()
    app.register_error_handler(404, lambda exc: "app")
    blueprint = Blueprint("bp", "shop", url_prefix="/bp")
    blueprint.register_error_handler(404, lambda exc: "blueprint")
    blueprint.add_url_rule("/gone", "gone", lambda: cocopot.abort(404))
    app.register_blueprint(blueprint)
    client = app.test_client()
    texts = [client.get(path).text for path in ("/bp/gone", "/bp/nowhere", "/nowhere")]
    assert texts == ["blueprint", "blueprint", "app"]


def test_wrappers() -> None:
    """Wrappers of both styles see the answer and may replace it; the one loaded first is outermost."""

    class New:
        @hookimpl(wrapper=True)
        def cocopot_handle_exception(self) -> Generator[None, Any, Any]:
            answer = yield
            return f"<{answer}>"

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_handle_exception(self) -> Generator[None, pluggy.Result[Any], None]:
            outcome = yield
            outcome.force_result(f"[{outcome.get_result()}]")

    app = app_that_raises(KeyError("wrong"), new=New(), old=Old())
    app.register_error_handler(KeyError, lambda exc: "handled")
    assert app.test_client().get("/").text == "<[handled]>"


def test_by_name() -> None:
    """Called by name, it returns the first answer; the built-in one for HTTP exceptions is the exception."""
    app = app_with()
    missing, wrong = NotFound(), ValueError("wrong")
    with app.test_request_context("/") as context:
        ask = app.plugins.hook.cocopot_handle_exception
        assert ask(app=app, request=context.request, exc=missing) is missing
        assert ask(app=app, request=context.request, exc=wrong) is None
        app.register_error_handler(ValueError, lambda exc: f"handled {exc}")
        assert ask(app=app, request=context.request, exc=wrong) == "handled wrong"


def test_an_exception_is_not_handled_again() -> None:
    """An exception that is raised here is not offered to the other handlers: it becomes a 500."""

    class Broken:
        @hookimpl(tryfirst=True)
        def cocopot_handle_exception(self, exc: Exception) -> None:
            if isinstance(exc, InternalServerError):
                return
            raise LookupError("broken")

    app = app_that_raises(KeyError("wrong"), broken=Broken())
    app.testing = False
    app.register_error_handler(LookupError, lambda exc: "not asked")
    assert app.test_client().get("/").status_code == 500
