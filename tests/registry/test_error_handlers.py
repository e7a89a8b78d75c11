"""Error handlers: what they may be registered for, and which of them answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocopot import Blueprint, Cocopot, abort, request
from cocopot.exceptions import (
    BadRequest,
    BadRequestKeyError,
    Forbidden,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestRedirect,
)
from cocopot.registry.error_handlers import ERROR_HANDLERS, ErrorHandlers, ScopeHandlers, error_key
from cocopot.registry.tables import ScopedTable

if TYPE_CHECKING:
    from collections.abc import Callable


class ShopError(Exception):
    """An error of the application's own."""


class NoStockError(ShopError):
    """A more specific one."""


class Vanished(NotFound):
    """An HTTP exception of the application's own, with the code of its base."""


class Teapot(HTTPException):
    """An HTTP exception of the application, with its own code."""

    code = 418


@pytest.fixture
def app() -> Cocopot:
    return Cocopot(__name__, autoload=False)


def raising(error: BaseException) -> Callable[[], str]:
    def view() -> str:
        raise error

    return view


def answer_to(app: Any, error: Exception, blueprint: Any = None) -> str:
    """Return the text that a request gets whose view raises `error`."""
    (blueprint or app).add_url_rule("/error", "error", raising(error))
    if blueprint is not None:
        app.register_blueprint(blueprint)
    text: str = app.test_client().get("/error").text
    return text


class TestKeys:
    @pytest.mark.parametrize("key", [404, 500, 418, NotFound, HTTPException, ShopError, Exception])
    def test_good(self, key: Any) -> None:
        """Status codes of errors and classes of exceptions are taken as they are."""
        assert error_key(key) is key

    @pytest.mark.parametrize("code", [200, 302, 999, -1])
    def test_no_error_code(self, app: Cocopot, code: int) -> None:
        """A number that is not a status code of an error is refused, with what to do instead."""
        with pytest.raises(ValueError, match="subclass of HTTPException with that code"):
            app.register_error_handler(code, str)

    @pytest.mark.parametrize("key", ["404", NotFound(), None, True, int, KeyboardInterrupt])
    def test_wrong_type(self, app: Cocopot, key: Any) -> None:
        """Neither a code nor a class of exceptions is refused, by the decorator and the assignment too."""
        with pytest.raises(TypeError, match="status code or a class of exceptions"):
            app.errorhandler(key)(str)
        with pytest.raises(TypeError, match="status code or a class of exceptions"):
            app.error_handler_spec[None][key] = str


class TestResolution:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (NoStockError(), "NoStockError"),
            (ShopError(), "ShopError"),
            (KeyError("key"), "LookupError"),
            (OSError(), "Exception"),
            (NotFound(), "404"),
            (Vanished(), "Vanished"),
            (Forbidden(), "HTTPException"),
            (Teapot(), "418"),
        ],
    )
    def test_most_specific_class(self, app: Cocopot, error: Exception, expected: str) -> None:
        """The handler of the nearest class answers, or that of the code; the order does not matter."""
        keys = (Exception, HTTPException, LookupError, 404, Vanished, ShopError, NoStockError, 418)
        for key in keys:
            name = str(key) if isinstance(key, int) else key.__name__
            app.register_error_handler(key, lambda _, name=name: name)
        assert answer_to(app, error) == expected

    @pytest.mark.parametrize(
        ("for_blueprint", "for_app", "error", "expected"),
        [
            (ShopError, NoStockError, NoStockError(), "blueprint"),
            (Exception, NoStockError, NoStockError(), "blueprint"),
            (404, 404, NotFound(), "blueprint"),
            (404, Vanished, Vanished(), "blueprint"),
            (HTTPException, 404, NotFound(), "app"),
            (Exception, 404, NotFound(), "app"),
            (Forbidden, 404, NotFound(), "app"),
            (Exception, HTTPException, NotFound(), "blueprint"),
        ],
    )
    def test_blueprint_before_application(
        self, app: Cocopot, for_blueprint: Any, for_app: Any, error: Exception, expected: str
    ) -> None:
        """The blueprint's handler comes first, except that one for the code comes before one without."""
        shop = Blueprint("shop", __name__)
        shop.register_error_handler(for_blueprint, lambda _: "blueprint")
        app.register_error_handler(for_app, lambda _: "app")
        assert answer_to(app, error, shop) == expected

    def test_inner_blueprint_first(self, app: Cocopot) -> None:
        """Of nested blueprints the inner one's handler answers, and the outer one's for the rest."""
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        for blueprint in (outer, inner):
            name = blueprint.name
            blueprint.register_error_handler(KeyError, lambda _, name=name: name)
        outer.register_error_handler(OSError, lambda _: "outer only")
        inner.add_url_rule("/key", view_func=raising(KeyError()), endpoint="key")
        inner.add_url_rule("/os", view_func=raising(OSError()), endpoint="os")
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        client = app.test_client()
        assert [client.get(path).text for path in ("/key", "/os")] == ["inner", "outer only"]

    def test_other_blueprints_stay_out(self, app: Cocopot) -> None:
        """A blueprint's handler does not answer for views outside of it."""
        shop = Blueprint("shop", __name__)
        shop.register_error_handler(ShopError, lambda _: "shop")
        app.register_blueprint(shop)
        app.add_url_rule("/error", view_func=raising(ShopError()), endpoint="error")
        assert app.test_client().get("/error").status_code == 500

    def test_app_errorhandler(self, app: Cocopot) -> None:
        """A blueprint can register a handler for the whole application."""
        shop = Blueprint("shop", __name__)
        shop.app_errorhandler(404)(lambda _: ("nowhere", 404))
        app.register_blueprint(shop)
        assert app.test_client().get("/anywhere").text == "nowhere"

    def test_class_before_code(self, app: Cocopot) -> None:
        """Of a handler for the class and one for its code, that for the class answers."""
        app.register_error_handler(NotFound, lambda _: "class")
        app.register_error_handler(404, lambda _: "code")
        assert app.test_client().get("/").text == "class"

    def test_second_handler_replaces_the_first(self, app: Cocopot) -> None:
        """One key has one handler: the last one that was registered."""
        app.register_error_handler(404, lambda _: "first")
        app.register_error_handler(404, lambda _: "second")
        assert app.test_client().get("/").text == "second"
        assert list(app.error_handler_spec[None]) == [404]


KEYS = (
    400,
    404,
    500,
    BadRequest,
    BadRequestKeyError,
    NotFound,
    Vanished,
    HTTPException,
    InternalServerError,
    LookupError,
    KeyError,
    ShopError,
    NoStockError,
    Exception,
)
ERRORS = (
    BadRequest,
    BadRequestKeyError,
    NotFound,
    Vanished,
    Forbidden,
    InternalServerError,
    KeyError,
    IndexError,
    ShopError,
    NoStockError,
)
#: Keys that mean the same to Flask, of which it keeps the last; here the class comes first.
SAME = ({400, BadRequest}, {404, NotFound}, {500, InternalServerError})


@st.composite
def handlers(draw: st.DrawFn) -> list[Any]:
    """Draw keys of which no two mean the same."""
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=6))
    return [
        key
        for key in keys
        if not any(key in same and isinstance(key, int) for same in SAME if same <= {*keys})
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(handlers(), handlers(), st.sampled_from(ERRORS), st.booleans())
def test_as_flask(for_app: list[Any], for_blueprint: list[Any], error: type[Exception], inside: bool) -> None:
    """Whatever is registered, the same handler answers as in Flask, where that is installed."""
    flask = pytest.importorskip("flask")
    answers = []
    for app, blueprint in (
        (Cocopot(__name__, autoload=False), Blueprint("shop", __name__)),
        (flask.Flask(__name__), flask.Blueprint("shop", __name__)),
    ):
        for key in for_app:
            app.register_error_handler(key, lambda _, key=key: f"app {key}")
        for key in for_blueprint:
            blueprint.register_error_handler(key, lambda _, key=key: f"blueprint {key}")
        if not inside:
            app.register_blueprint(blueprint)
        answers.append(answer_to(app, error(), blueprint if inside else None))
    assert answers[0] == answers[1]


class TestAnswers:
    def test_gets_the_exception(self, app: Cocopot) -> None:
        """A handler gets the very exception."""
        error = ShopError("empty")
        app.register_error_handler(ShopError, lambda e: f"{e} {e is error}")
        assert answer_to(app, error) == "empty True"

    @pytest.mark.parametrize("value", ["text", b"text", ("text", 400), {"error": "text"}, NotFound()])
    def test_response_values(self, app: Cocopot, value: Any) -> None:
        """A handler may return what a view may return."""
        app.register_error_handler(ShopError, lambda _: value)
        app.add_url_rule("/view", "view", lambda: value)
        from_handler = answer_to(app, ShopError())
        assert from_handler == app.test_client().get("/view").text

    def test_none(self, app: Cocopot) -> None:
        """A handler that returns nothing is an error that names it."""
        app.testing = True
        app.register_error_handler(404, lambda _: None)
        with pytest.raises(TypeError, match=r"error handler '.*<lambda>' for 404 returned None"):
            app.test_client().get("/")

    def test_status_is_the_handlers(self, app: Cocopot) -> None:
        """A handler that returns no status answers with 200, as a view does."""
        app.register_error_handler(404, lambda _: "found something else")
        assert app.test_client().get("/").status_code == 200

    def test_after_request_functions_run(self, app: Cocopot) -> None:
        """The response of a handler goes through the after-request functions."""

        @app.after_request
        def stamp(response: Any) -> Any:
            response.headers["X-Seen"] = str(response.status_code)
            return response

        app.register_error_handler(404, lambda _: ("gone", 410))
        assert app.test_client().get("/").headers["X-Seen"] == "410"

    def test_errors_before_the_view(self, app: Cocopot) -> None:
        """An exception of a before-request function is handled as one of the view."""
        app.before_request(raising(ShopError()))
        app.register_error_handler(ShopError, lambda _: "handled")
        assert app.test_client().get("/").text == "handled"

    def test_redirects_are_not_errors(self, app: Cocopot) -> None:
        """A redirect of the router is sent as it is, even with a handler for every exception."""
        for key in (HTTPException, Exception, RequestRedirect):
            app.register_error_handler(key, lambda _: "handled")
        app.add_url_rule("/shop/", "shop", lambda: "shop")
        response = app.test_client().get("/shop")
        assert (response.status_code, response.location) == (308, "http://localhost/shop/")

    def test_abort_with_a_response(self, app: Cocopot) -> None:
        """A response that is raised with `abort` is sent, not handled."""
        app.register_error_handler(HTTPException, lambda _: "handled")
        app.add_url_rule("/", "index", lambda: abort(app.make_response(("made", 409))))
        response = app.test_client().get("/")
        assert (response.status_code, response.text) == (409, "made")

    def test_abort_in_a_handler(self, app: Cocopot) -> None:
        """An HTTP exception in a handler is not handled again: it is a 500."""
        app.register_error_handler(ShopError, lambda _: abort(404))
        app.register_error_handler(404, lambda _: "handled")
        app.add_url_rule("/", "index", raising(ShopError()))
        assert app.test_client().get("/").status_code == 500


class TestUnderAPrefix:
    """A request that matched nothing belongs to the blueprint whose prefix its path begins with."""

    @pytest.fixture
    def client(self, app: Cocopot) -> Any:
        shop = Blueprint("shop", __name__, url_prefix="/shop")
        admin = Blueprint("admin", __name__, url_prefix="/admin/<int:number>")
        shop.add_url_rule("/item", "item", lambda: "item")
        for blueprint in (shop, admin):
            name = blueprint.name
            blueprint.register_error_handler(404, lambda e, name=name: (f"{name} {e.code}", 404))
        shop.register_error_handler(405, lambda e: (f"shop {e.valid_methods is not None}", 405))
        shop.register_blueprint(admin)
        app.register_blueprint(shop)
        app.register_error_handler(404, lambda _: ("app", 404))
        app.register_error_handler(405, lambda _: ("app", 405))
        return app.test_client()

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("/shop/missing", "shop 404"),
            ("/shop", "shop 404"),
            ("/shop/admin/3/missing", "admin 404"),
            ("/shopping", "app"),
            ("/", "app"),
            ("/sho", "app"),
        ],
    )
    def test_not_found(self, client: Any, path: str, text: str) -> None:
        """A 404 goes to the blueprint with the longest prefix."""
        assert client.get(path).text == text

    def test_method_not_allowed(self, client: Any) -> None:
        """So does a 405."""
        assert client.post("/shop/item").text == "shop True"
        assert client.post("/shop/item").status_code == 405


class TestSpec:
    def test_as_a_mapping(self) -> None:
        """Without an application the handlers are kept as data only."""
        spec = ScopedTable(lambda _: ScopeHandlers())
        spec[None] = {404: str}
        spec.setdefault("shop", {ShopError: repr})
        assert spec.setdefault("shop")[ShopError] is repr
        assert (list(spec), len(spec), "shop" in spec, None in spec) == ([None, "shop"], 2, True, True)
        assert repr(spec[None]) == "{404: <class 'str'>}"
        assert repr(spec).startswith("{None: {404: <class 'str'>}, 'shop': {")
        del spec["shop"]
        assert list(spec) == [None]
        assert dict(spec[None]) == {404: str}

    def test_assigning_a_plain_dict(self, app: Cocopot) -> None:
        """A dict of handlers can be assigned, and replaces those that were there."""
        app.register_error_handler(404, lambda _: "old")
        app.error_handler_spec[None] = {405: lambda _: "new"}
        app.add_url_rule("/", "index", lambda: "index")
        client = app.test_client()
        assert (client.post("/").text, client.get("/missing").status_code) == ("new", 404)

    def test_deleting_a_scope(self, app: Cocopot) -> None:
        """Deleting a scope takes its handlers back."""
        app.register_error_handler(404, lambda _: "old")
        del app.error_handler_spec[None]
        assert app.test_client().get("/").status_code == 404

    def test_find(self, app: Cocopot) -> None:
        """It returns scope, key and function of the handler, or nothing."""
        handlers = ErrorHandlers(app.plugins)
        handlers.table[None] = {405: str}
        handlers.table["shop"] = {LookupError: repr}
        assert handlers.find(MethodNotAllowed(), ["shop"]) == (None, 405, str)
        assert handlers.find(KeyError(), ["shop"]) == ("shop", LookupError, repr)
        assert handlers.find(KeyError(), []) is None
        assert list(handlers.table) == [None, "shop"]

    def test_names(self, app: Cocopot) -> None:
        """All handlers are one implementation, whose entries are named by decorator, key and function."""
        app.register_error_handler(404, str)
        app.error_handler_spec["shop"][ShopError] = repr
        (record,) = app.plugins.records("application")
        assert record.name == ERROR_HANDLERS
        assert isinstance(record.plugin, ErrorHandlers)
        assert [entry.name for entry in record.plugin.entries()] == [
            "app.errorhandler(404): builtins.str",
            "bp.shop.errorhandler(ShopError): builtins.repr",
        ]

    def test_handler_sees_the_request(self, app: Cocopot) -> None:
        """The request context is active in a handler."""
        app.register_error_handler(404, lambda _: (request.path, 404))
        assert app.test_client().get("/here").text == "/here"

    def test_registered_while_needed(self, app: Cocopot) -> None:
        """Without an error handler there is no implementation."""
        app.register_error_handler(404, str)
        app.error_handler_spec["shop"][ShopError] = repr
        del app.error_handler_spec["shop"]
        assert app.plugins.has_plugin(ERROR_HANDLERS)
        app.error_handler_spec[None].clear()
        assert not app.plugins.has_plugin(ERROR_HANDLERS)


@pytest.mark.parametrize("number", [0, 1, 40])
def test_an_exception_is_looked_up_once(app: Cocopot, number: int) -> None:
    """However many handlers are registered, one lookup serves an exception."""
    lookups: list[type[Exception]] = []

    class Counted(ErrorHandlers):
        def find(self, exc: Exception, scopes: Any) -> Any:
            lookups.append(type(exc))
            return super().find(exc, scopes)

    handlers = Counted(app.plugins)
    for index in range(number):
        handlers.table[None][type(f"Error{index}", (Exception,), {})] = repr
    handlers.table[None][ShopError] = lambda _: "handled"
    assert answer_to(app, ShopError()) == "handled"
    assert app.test_client().get("/nowhere").status_code == 404
    assert lookups == [ShopError, NotFound]


def test_what_has_been_found_is_cached(app: Cocopot) -> None:
    """A handler that is registered later is found, and only so many classes of exceptions are remembered."""
    app.register_error_handler(LookupError, lambda _: "lookup")
    assert answer_to(app, KeyError()) == "lookup"
    app.error_handler_spec[None][KeyError] = lambda _: "key"
    assert app.test_client().get("/error").text == "key"
    handlers = app.plugins.get_plugin(ERROR_HANDLERS)
    assert isinstance(handlers, ErrorHandlers)
    for number in range(300):
        error = type(f"Error{number}", (KeyError,), {})()
        with app.test_request_context() as context:
            assert handlers.cocopot_handle_exception(app, context.existing_request, error) == "key"
    assert 0 < len(handlers._cache) <= 256


def test_the_code_of_an_instance(app: Cocopot) -> None:
    """Exceptions of one class with other codes have other handlers."""
    app.register_error_handler(403, lambda _: "forbidden")
    app.register_error_handler(404, lambda _: "missing")
    errors = {code: HTTPException() for code in (403, 404)}
    for code, error in errors.items():
        error.code = code

    def view(code: int) -> str:
        raise errors[code]

    app.add_url_rule("/<int:code>", "code", view)
    client = app.test_client()
    assert [client.get(f"/{code}").text for code in (403, 404, 403)] == ["forbidden", "missing", "forbidden"]
