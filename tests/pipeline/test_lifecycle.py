"""A request from top to bottom: what runs when, and what becomes of an exception."""

from __future__ import annotations

import gc
import io
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from werkzeug.routing import BaseConverter
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import (
    Blueprint,
    Cocopot,
    Request,
    Response,
    after_this_request,
    g,
    has_request_context,
    hookimpl,
    redirect,
    request,
    stream_with_context,
    url_for,
)
from cocopot.exceptions import BadRequestKeyError, HTTPException, InternalServerError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class ShopError(Exception):
    """An error of the application's own."""


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Cocopot:
    app = Cocopot(__name__, autoload=False)
    app.name = f"lifecycle.{request.node.name}"
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/boom", view_func=boom)
    return app


def index() -> str:
    return "index"


def boom() -> str:
    raise ShopError("boom")


def failing(error: Exception) -> Callable[..., Any]:
    """Return a function that raises `error`."""

    def function(*_: object) -> None:
        raise error

    return function


@pytest.mark.parametrize("path", ["/", "/numbers/3"])
@pytest.mark.parametrize("method", ["get", "Get", "head", "options"])
@pytest.mark.parametrize("request_class", [Request, type("Own", (Request,), {})])
def test_names_of_methods_are_case_sensitive(
    app: Cocopot, path: str, method: str, request_class: type[Request]
) -> None:
    """`get` is another method than `GET` (RFC 9110, 9.1), and no rule allows it."""
    app.request_class = request_class
    app.add_url_rule("/numbers/<int:number>", view_func=lambda number: f"{number}", endpoint="numbers")
    environ = {**create_environ(path), "REQUEST_METHOD": method}
    _, status, headers = run_wsgi_app(app, environ)
    assert status.startswith("405")
    assert headers["Allow"] == "GET, HEAD, OPTIONS"


class Everything:
    """A plugin that notes every hook of a request."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls

    @hookimpl
    def cocopot_request_started(self) -> None:
        self.calls.append("request_started")

    @hookimpl
    def cocopot_url_value_preprocessor(self) -> None:
        self.calls.append("url_value_preprocessor")

    @hookimpl
    def cocopot_before_request(self) -> None:
        self.calls.append("before_request")

    @hookimpl
    def cocopot_dispatch_request(self) -> None:
        self.calls.append("dispatch_request")

    @hookimpl
    def cocopot_handle_exception(self, exc: Exception) -> None:
        self.calls.append(f"handle_exception {type(exc).__name__}")

    @hookimpl
    def cocopot_got_request_exception(self, exc: Exception) -> None:
        self.calls.append(f"got_request_exception {type(exc).__name__}")

    @hookimpl
    def cocopot_make_response(self) -> None:
        self.calls.append("make_response")

    @hookimpl
    def cocopot_after_request(self) -> None:
        self.calls.append("after_request")

    @hookimpl
    def cocopot_teardown_request(self, exc: BaseException | None) -> None:
        self.calls.append(f"teardown_request {type(exc).__name__}")

    @hookimpl
    def cocopot_teardown_app_context(self, exc: BaseException | None) -> None:
        self.calls.append(f"teardown_app_context {type(exc).__name__}")


BEGIN = ["request_started", "url_value_preprocessor", "before_request", "dispatch_request"]
ANSWER = ["make_response", "after_request"]


class TestStages:
    def stages(self, app: Cocopot, calls: list[str], path: str) -> list[str]:
        """Return the stages of one request to an application that has been started."""
        app.start()
        app.plugins.register(Everything(calls), "everything")
        app.test_client().get(path)
        return calls

    def test_answered(self, app: Cocopot, calls: list[str]) -> None:
        """A request that is answered runs through the hooks in the order of the contract."""
        end = ["teardown_request NoneType", "teardown_app_context NoneType"]
        assert self.stages(app, calls, "/") == [*BEGIN, *ANSWER, *end]

    def test_http_exception(self, app: Cocopot, calls: list[str]) -> None:
        """An HTTP exception adds one stage, and is not an error to the teardown functions."""
        end = ["teardown_request NoneType", "teardown_app_context NoneType"]
        handled = "handle_exception NotFound"
        assert self.stages(app, calls, "/missing") == [*BEGIN, handled, *ANSWER, *end]

    def test_unhandled(self, app: Cocopot, calls: list[str]) -> None:
        """An exception that no code handles is reported, and then asked about once more as a 500."""
        middle = [
            "handle_exception ShopError",
            "got_request_exception ShopError",
            "handle_exception InternalServerError",
        ]
        end = ["teardown_request ShopError", "teardown_app_context ShopError"]
        assert self.stages(app, calls, "/boom") == [*BEGIN, *middle, *ANSWER, *end]

    def test_answered_before_the_view(self, app: Cocopot, calls: list[str]) -> None:
        """An answer of a before-request function leaves the view out, and nothing else."""
        app.before_request(lambda: "early")
        end = ["teardown_request NoneType", "teardown_app_context NoneType"]
        assert self.stages(app, calls, "/boom") == [*BEGIN[:3], *ANSWER, *end]

    def test_redirect(self, app: Cocopot, calls: list[str]) -> None:
        """A redirect of the router is not asked about."""
        app.add_url_rule("/shop/", "shop", index)
        stages = self.stages(app, calls, "/shop")
        assert stages[: len(BEGIN + ANSWER)] == [*BEGIN, *ANSWER]


class TestContext:
    def test_active_in_each_stage(self, app: Cocopot, calls: list[str]) -> None:
        """The request is there from the first function to the last, and not afterwards."""
        for decorator in (app.before_request, app.after_request, app.teardown_request):
            decorator(lambda *_: calls.append(request.path))
        app.test_client().get("/")
        assert calls == ["/", "/", "/"]
        assert not has_request_context()

    def test_g_lasts_for_one_request(self, app: Cocopot) -> None:
        """What is put on `g` is seen by the same request only."""

        @app.before_request
        def count() -> None:
            g.count = g.get("count", 0) + 1

        app.add_url_rule("/count", "count", lambda: str(g.count))
        client = app.test_client()
        assert [client.get("/count").text for _ in range(2)] == ["1", "1"]

    def test_request_inside_a_request(self, app: Cocopot) -> None:
        """A request may send another one to the same application, and goes on with its own afterwards."""

        def nested() -> str:
            inner = app.test_client().get("/").text
            return f"{request.path} got {inner}"

        app.add_url_rule("/nested", view_func=nested)
        assert app.test_client().get("/nested").text == "/nested got index"

    def test_reset_after_a_base_exception(self, app: Cocopot, calls: list[str]) -> None:
        """Whatever leaves the view, the context is torn down and popped."""
        app.add_url_rule("/exit", "exit", lambda: exit_with("bye"))
        app.teardown_request(lambda exc: calls.append(repr(exc)))
        with pytest.raises(SystemExit):
            app.test_client().get("/exit")
        assert calls == ["SystemExit('bye')"]
        assert not has_request_context()


def exit_with(message: str) -> str:
    raise SystemExit(message)


class TestAfterRequest:
    def test_none_means_unchanged(self, app: Cocopot) -> None:
        """An after-request function need not return the response."""
        app.after_request(lambda response: response.headers.set("X-Seen", "1"))
        response = app.test_client().get("/")
        assert (response.text, response.headers["X-Seen"]) == ("index", "1")

    def test_wrong_type(self, app: Cocopot) -> None:
        """One that returns anything else is named."""
        app.testing = True
        app.after_request(lambda _: "text")
        with pytest.raises(TypeError, match=r"app\.after_request: .*returned a 'str'"):
            app.test_client().get("/")

    def test_after_this_request_comes_first(self, app: Cocopot, calls: list[str]) -> None:
        """Functions of this request run before the after-request functions, in their own order."""

        def view() -> str:
            for name in ("first", "second"):
                after_this_request(lambda _, name=name: calls.append(name))
            return "view"

        app.add_url_rule("/view", view_func=view)
        app.after_request(lambda _: calls.append("last"))
        app.test_client().get("/view")
        assert calls == ["first", "second", "last"]
        app.test_client().get("/")
        assert calls[3:] == ["last"]

    def test_after_this_request_with_a_wrong_type(self, app: Cocopot) -> None:
        """What is not a response is refused, and the message states what may have given it."""
        app.testing = True
        app.add_url_rule("/view", "view", lambda: after_this_request(lambda _: "text")(None))
        with pytest.raises(TypeError, match="a function passed to after_this_request a response"):
            app.test_client().get("/view")

    def test_exception(self, app: Cocopot, calls: list[str]) -> None:
        """An exception becomes a 500, whose response goes through the functions once more."""

        @app.after_request
        def fail_once(response: Response) -> Response:
            calls.append(response.status)
            if response.status_code == 200:
                raise ShopError
            return response

        app.register_error_handler(ShopError, lambda _: "not asked")
        assert app.test_client().get("/").status_code == 500
        assert calls == ["200 OK", "500 INTERNAL SERVER ERROR"]

    @pytest.mark.parametrize("path", ["fast", "plain"])
    @pytest.mark.parametrize("result", [ZeroDivisionError(), 42])
    def test_the_response_is_closed_after_an_exception(self, app: Cocopot, path: str, result: object) -> None:
        """A response is closed if, because of an after-request function, another one is sent in its place."""
        closed: list[str] = []

        def answer() -> Response:
            response = Response(iter(["text"]))
            response.call_on_close(lambda: closed.append("closed"))
            return response

        def fail(response: Response) -> Any:
            if isinstance(result, Exception):
                raise result
            return result

        app.add_url_rule("/answer", view_func=answer)
        app.after_request(fail)
        if path == "plain":
            vars(app)["dispatch_request"] = app.dispatch_request
            app.plugins.invalidate()
        assert app.test_client().get("/answer").status_code == 500
        assert closed == ["closed"]

    def test_exception_on_the_way_out_of_an_error(
        self, app: Cocopot, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An exception on the way out of a 500 is logged, and the 500 sent all the same."""
        app.after_request(failing(ShopError("again")))
        assert app.test_client().get("/boom").status_code == 500
        messages = [record.getMessage() for record in caplog.records]
        assert messages == [
            "Exception on /boom [GET]",
            "Request finalizing failed with an error while handling an error",
        ]

    def test_blueprints_run_for_their_own(self, app: Cocopot) -> None:
        """A blueprint's function sees the responses of the blueprint, its errors included."""
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/shop", "index", boom)
        shop.after_request(lambda response: response.headers.set("X-Shop", "1"))
        app.register_blueprint(shop)
        client = app.test_client()
        assert client.get("/shop").headers["X-Shop"] == "1"
        assert "X-Shop" not in client.get("/").headers


class TestTexts:
    """A text, alone or with headers, that is sent without a response."""

    def test_headers_are_inspected(self, app: Cocopot) -> None:
        """A line break in a header's value is refused, as in a response."""
        app.add_url_rule("/split", view_func=lambda: ("x", {"A": "b\r\nSet-Cookie: c=d"}))
        app.testing = True
        with pytest.raises(ValueError, match="newline"):
            app.test_client().get("/split")

    @pytest.mark.parametrize("value", ["x", ("x", {"A": "b"})])
    def test_hooks_see_a_response(self, app: Cocopot, value: Any) -> None:
        """An after-request function is called, and what it changes is sent."""
        app.add_url_rule("/text", view_func=lambda: value)

        @app.after_request
        def change(response: Response) -> Response:
            response.headers["A"] = f"{type(response).__name__} {response.headers.get('A')}"
            return response

        assert app.test_client().get("/text").headers["A"] == f"Response {'b' if value != 'x' else None}"

    @pytest.mark.parametrize("value", ["x", ("x", {"A": "b"})])
    def test_a_function_for_this_request_sees_it(self, app: Cocopot, value: Any) -> None:
        """A function given to `after_this_request` gets the response, and may put another in its place."""

        def view() -> Any:
            after_this_request(lambda response: Response(response.data * 2, headers=response.headers))
            return value

        app.add_url_rule("/text", view_func=view)
        assert app.test_client().get("/text").text == "xx"

    def test_the_applications_class_is_used(self, app: Cocopot) -> None:
        """A response class of the application's own makes the responses."""

        class Plain(Response):
            default_mimetype = "text/plain"

        app.response_class = Plain
        assert app.test_client().get("/").mimetype == "text/plain"


class TestTrapping:
    @pytest.mark.parametrize(
        ("settings", "trapped"),
        [
            ({}, set()),
            ({"TRAP_HTTP_EXCEPTIONS": True}, {"/missing", "/form", "/bad"}),
            ({"TRAP_BAD_REQUEST_ERRORS": True}, {"/form", "/bad"}),
            ({"DEBUG": True}, {"/form"}),
            ({"DEBUG": True, "TRAP_BAD_REQUEST_ERRORS": False}, set()),
        ],
    )
    def test_which(self, app: Cocopot, settings: dict[str, Any], trapped: set[str]) -> None:
        """The configuration decides which HTTP exceptions are treated as any other exception."""
        app.config.update(settings, PROPAGATE_EXCEPTIONS=True)
        app.add_url_rule("/form", "form", lambda: request.form["missing"], methods=["GET"])
        app.add_url_rule("/bad", "bad", lambda: request.get_json(force=True))
        raised = set()
        for path in ("/", "/missing", "/form", "/bad"):
            try:
                app.test_client().get(path)
            except HTTPException:
                raised.add(path)
        assert raised == trapped

    def test_handlers_are_still_called(self, app: Cocopot) -> None:
        """A trapped exception can still be handled."""
        app.config["TRAP_HTTP_EXCEPTIONS"] = True
        app.register_error_handler(404, lambda _: "handled")
        assert app.test_client().get("/missing").text == "handled"

    def test_unhandled(self, app: Cocopot) -> None:
        """A trapped exception that no code handles is a 500, if exceptions do not propagate."""
        app.config["TRAP_HTTP_EXCEPTIONS"] = True
        assert app.test_client().get("/missing").status_code == 500

    @pytest.mark.parametrize("debug", [False, True])
    def test_missing_key_is_named_in_debug_mode(self, app: Cocopot, debug: bool) -> None:
        """The name of a missing form key is shown to no one but the developer."""
        app.config.update(DEBUG=debug, TRAP_BAD_REQUEST_ERRORS=False)
        app.add_url_rule("/form", "form", lambda: request.args["secret_name"])
        response = app.test_client().get("/form")
        assert response.status_code == 400
        assert ("secret_name" in response.text) is debug

    def test_class_of_a_missing_key(self, app: Cocopot) -> None:
        """A missing key can be handled by its own class."""
        app.register_error_handler(BadRequestKeyError, lambda e: f"no {e.args[0]}")
        app.add_url_rule("/form", "form", lambda: request.args["name"])
        assert app.test_client().get("/form").text == "no name"


class TestPropagation:
    @pytest.mark.parametrize(
        ("settings", "propagates"),
        [
            ({}, False),
            ({"TESTING": True}, True),
            ({"DEBUG": True}, True),
            ({"PROPAGATE_EXCEPTIONS": True}, True),
            ({"TESTING": True, "DEBUG": True, "PROPAGATE_EXCEPTIONS": False}, False),
        ],
    )
    def test_when(self, app: Cocopot, settings: dict[str, Any], propagates: bool) -> None:
        """Unhandled exceptions leave the application in debug and test mode, unless configured."""
        app.config.update(settings)
        assert app.propagate_exceptions is propagates
        if propagates:
            with pytest.raises(ShopError, match="boom"):
                app.test_client().get("/boom")
        else:
            assert app.test_client().get("/boom").status_code == 500

    def test_handled_exceptions_do_not(self, app: Cocopot) -> None:
        """An exception with a handler never leaves the application."""
        app.testing = True
        app.register_error_handler(ShopError, str)
        assert app.test_client().get("/boom").text == "boom"

    def test_handler_of_500_is_not_called(self, app: Cocopot, calls: list[str]) -> None:
        """Where exceptions propagate, the handler of 500 is not called."""
        app.testing = True
        app.register_error_handler(500, lambda _: calls.append("called"))
        with pytest.raises(ShopError):
            app.test_client().get("/boom")
        assert calls == []

    @pytest.mark.parametrize("key", [500, InternalServerError, HTTPException, Exception])
    def test_original_exception(self, app: Cocopot, key: Any) -> None:
        """The handler of 500 finds the exception that no code handled; that for `Exception` gets it."""
        app.register_error_handler(
            key, lambda e: f"{type(e).__name__} {getattr(e, 'original_exception', e)!r}"
        )
        kind = "ShopError" if key is Exception else "InternalServerError"
        assert app.test_client().get("/boom").text == f"{kind} ShopError('boom')"

    def test_raised_500(self, app: Cocopot) -> None:
        """A 500 that the view raised itself has no original exception."""
        app.add_url_rule("/raise", "raise", failing(InternalServerError()))
        app.register_error_handler(500, lambda e: repr(e.original_exception))
        assert app.test_client().get("/raise").text == "None"

    def test_exception_in_an_error_handler(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """An exception in an error handler is a 500; the first one stays its context."""
        app.register_error_handler(ShopError, failing(KeyError("second")))
        seen: list[InternalServerError] = []
        app.register_error_handler(500, lambda e: (str(seen.append(e)), 500))  # type: ignore[func-returns-value]
        assert app.test_client().get("/boom").status_code == 500
        (error,) = seen
        assert isinstance(error.original_exception, KeyError)
        assert isinstance(error.original_exception.__context__, ShopError)
        assert len(caplog.records) == 1

    def test_exception_in_the_handler_of_500(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """An exception in the handler of 500 is logged, and a plain 500 is sent."""
        app.register_error_handler(500, failing(KeyError("last")))
        response = app.test_client().get("/boom")
        assert response.status_code == 500
        assert "Internal Server Error" in response.text
        assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["boom", "'last'"]

    def test_exception_in_a_report(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """An exception of a reporting plugin is logged, and the one that it was to report is answered."""

        class Reporter:
            @hookimpl
            def cocopot_got_request_exception(self) -> None:
                raise OSError("no network")

        app.plugins.register(Reporter(), "reporter")
        assert app.test_client().get("/boom").status_code == 500
        assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
            "no network",
            "boom",
        ]


class TestTeardown:
    def test_every_one_runs(self, app: Cocopot, calls: list[str], caplog: pytest.LogCaptureFixture) -> None:
        """Errors of teardown functions stop no other one, and are logged by name."""
        app.teardown_appcontext(lambda _: calls.append("app context"))
        app.teardown_request(lambda _: calls.append("first"))
        app.teardown_request(failing(ShopError("lost")))
        app.teardown_request(failing(KeyError("key")))
        app.start()
        calls.clear()
        assert app.test_client().get("/").text == "index"
        assert calls == ["first", "app context"]
        messages = [record.getMessage() for record in caplog.records]
        assert [message.split()[0] for message in messages] == ["KeyError", "ShopError"]
        assert all("app.teardown_request: " in message for message in messages)

    def test_together_where_exceptions_propagate(self, app: Cocopot) -> None:
        """Where exceptions propagate, the errors are raised together."""
        app.testing = True
        app.teardown_request(failing(ShopError("lost")))
        app.teardown_request(failing(KeyError("key")))
        with pytest.raises(
            ExceptionGroup, match="2 of 2 implementations of cocopot_teardown_request"
        ) as raised:
            app.test_client().get("/")
        assert [type(error) for error in raised.value.exceptions] == [KeyError, ShopError]
        assert not has_request_context()

    def test_app_context_after_a_failed_request(self, app: Cocopot, calls: list[str]) -> None:
        """The application context is torn down even if the request's teardown raises."""
        app.testing = True
        app.teardown_request(failing(ShopError("lost")))
        app.teardown_appcontext(lambda _: calls.append("app context"))
        app.start()
        calls.clear()
        with pytest.raises(ExceptionGroup):
            app.test_client().get("/")
        assert calls == ["app context"]

    def test_only_of_the_blueprint(self, app: Cocopot, calls: list[str]) -> None:
        """A blueprint's teardown functions run for its endpoints only."""
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/shop", "index", index)
        shop.teardown_request(lambda _: calls.append("shop"))
        app.register_blueprint(shop)
        for path in ("/", "/missing", "/shop"):
            app.test_client().get(path)
        assert calls == ["shop"]

    def test_once_inside_a_client_block(self, app: Cocopot, calls: list[str]) -> None:
        """A test client's block delays the teardown, to the next request or its end."""
        app.teardown_request(lambda _: calls.append(request.path))
        with app.test_client() as client:
            client.get("/?a")
            assert (calls, request.query_string) == ([], b"a")
            client.get("/missing")
            assert calls == ["/"]
        assert calls == ["/", "/missing"]


class TestMistakesOfPlugins:
    def test_dispatch_wrapper_that_forgets(self, app: Cocopot) -> None:
        """A wrapper of the view that returns nothing is reported what to do."""
        app.testing = True

        class Forgetful:
            @hookimpl(wrapper=True)
            def cocopot_dispatch_request(self) -> Generator[None, Any, Any]:
                yield

        app.plugins.register(Forgetful(), "forgetful")
        with pytest.raises(TypeError, match=r"'index'.*must return what it wraps returned"):
            app.test_client().get("/")

    def test_after_request_wrapper_that_forgets(self, app: Cocopot) -> None:
        """So is a wrapper of the after-request hook, with the names of those that there are."""
        app.testing = True

        class Forgetful:
            @hookimpl(wrapper=True)
            def cocopot_after_request(self) -> Generator[None, Any, Any]:
                yield

        app.plugins.register(Forgetful(), "forgetful")
        with pytest.raises(TypeError, match=r"the result of its yield.*Registered: forgetful"):
            app.test_client().get("/")

    def test_make_response_that_makes_none(self, app: Cocopot) -> None:
        """A plugin whose response is none is refused."""
        app.testing = True

        class Wrong:
            @hookimpl
            def cocopot_make_response(self, value: Any) -> Any:
                return value

        app.plugins.register(Wrong(), "wrong")
        with pytest.raises(TypeError, match=r"returned 'index' for a 'str' from the endpoint 'index'"):
            app.test_client().get("/")


class TestPathsAndHosts:
    @pytest.mark.parametrize("path", ["/\xff", "/caf\xe9", "/\xc3(", "/a/\x80"])
    def test_bad_utf8(self, app: Cocopot, path: str) -> None:
        """A path that is not valid UTF-8 is a 400, also under a rule that takes everything."""
        app.add_url_rule("/<path:rest>", "rest", lambda rest: f"{rest}")
        client = app.test_client()
        assert client.get("/", environ_overrides={"PATH_INFO": path}).status_code == 400
        assert client.get("/", environ_overrides={"PATH_INFO": "/caf\xc3\xa9"}).text == "caf\xe9"

    @pytest.mark.parametrize("length", ["x", "-1", "1.5", "1,1", "\xb2"])
    def test_bad_content_length(self, app: Cocopot, length: str) -> None:
        """A Content-Length that is not a number is a 400."""
        environ = {"CONTENT_LENGTH": length}
        response = app.test_client().post("/", environ_overrides=environ)
        assert response.status_code == 400

    @pytest.mark.parametrize(
        ("host", "status"),
        [("shop.example", 200), ("www.shop.example", 200), ("evil.example", 400), ("shop.example.evil", 400)],
    )
    def test_trusted_hosts(self, app: Cocopot, host: str, status: int) -> None:
        """A host that is not among TRUSTED_HOSTS is a 400."""
        app.config["TRUSTED_HOSTS"] = [".shop.example"]
        assert app.test_client().get("/", base_url=f"http://{host}").status_code == status

    def test_trusted_hosts_can_be_handled(self, app: Cocopot) -> None:
        """The 400 goes to the error handlers."""
        app.config["TRUSTED_HOSTS"] = ["shop.example"]
        app.register_error_handler(400, lambda e: (type(e).__name__, 400))
        assert app.test_client().get("/").text == "SecurityError"

    def test_before_request_sees_what_did_not_match(self, app: Cocopot) -> None:
        """Before-request functions run for requests that matched nothing, and can answer them."""
        app.before_request(lambda: type(request.routing_exception).__name__)
        client = app.test_client()
        assert [client.get("/missing").text, client.put("/").text] == ["NotFound", "MethodNotAllowed"]

    def test_view_arguments(self, app: Cocopot) -> None:
        """The values of the URL reach the view as keyword arguments, converted."""
        app.add_url_rule("/<int:n>/<name>", "both", lambda name, n: f"{name} {n + 1}")
        assert app.test_client().get("/3/Ada").text == "Ada 4"

    def test_not_found_is_an_http_exception(self, app: Cocopot) -> None:
        """What matched nothing is a `NotFound` on the request."""
        with app.test_request_context("/missing"):
            assert isinstance(request.routing_exception, NotFound)
            assert (request.endpoint, request.view_args) == (None, None)


class TestGarbage:
    @pytest.fixture
    def app(self, app: Cocopot) -> Cocopot:
        app.add_url_rule("/folder/", "folder", index)
        app.add_url_rule("/missing", "missing", failing(NotFound()))
        app.add_url_rule("/moved", "moved", lambda: redirect(url_for("folder")))
        app.add_url_rule("/json", "json", lambda: {"got": request.json}, methods=["POST"])
        app.add_url_rule("/form", "form", lambda: request.form["a"], methods=["POST"])
        app.add_url_rule("/file", "file", lambda: str(request.files["a"].read()), methods=["POST"])
        app.add_url_rule("/stream", "stream", lambda: stream_with_context(str(request.path) for _ in "ab"))
        app.add_url_rule("/<int:n>", "number", lambda n: (f"{n} {request.args} {g}", {"X-A": "1"}))
        app.register_error_handler(405, lambda error: ("handled", 405))
        app.teardown_request(lambda exc: None)
        app.logger.disabled = True
        return app

    @pytest.mark.parametrize(
        ("path", "options"),
        [
            ("/", {}),
            ("/", {"method": "HEAD"}),
            ("/", {"method": "OPTIONS"}),
            ("/", {"method": "PUT"}),
            ("/7?a=%41", {}),
            ("/seven", {}),
            ("/nowhere", {}),
            ("/folder", {}),
            ("/folder//", {}),
            ("//7", {}),
            ("/x", {"environ_overrides": {"PATH_INFO": "/\xff"}}),
            ("/", {"headers": {"Host": "a b"}}),
            ("/missing", {}),
            ("/moved", {}),
            ("/boom", {}),
            ("/stream", {}),
            ("/json", {"json": {"a": 1}}),
            ("/json", {"data": "{", "content_type": "application/json"}),
            ("/json", {"method": "POST", "headers": {"Content-Length": "x"}}),
            ("/form", {"data": {"a": "1"}}),
            ("/form", {"data": {"b": "1"}}),
            ("/file", {"data": {"a": (io.BytesIO(b"x"), "x")}}),
        ],
    )
    def test_a_request_leaves_none(self, app: Cocopot, path: str, options: dict[str, Any]) -> None:
        """The objects of a request are freed at once, without the garbage collector."""
        if "data" in options or "json" in options:
            options = {"method": "POST", **options}
        environ = create_environ(path, **options)
        body = environ["wsgi.input"].read()

        def ask() -> None:
            chunks = app({**environ, "wsgi.input": io.BytesIO(body)}, lambda *_: bytes)
            assert b"".join(chunks) or path == "/"
            getattr(chunks, "close", int)()

        ask()
        ask()
        while gc.collect():  # what is collected may leave something in turn
            pass
        gc.disable()
        try:
            ask()
            assert gc.collect() == 0
        finally:
            gc.enable()

    @pytest.mark.parametrize("path", ["/", "/nowhere", "/folder", "/missing"])
    def test_nor_does_one_in_an_old_wrapper(self, app: Cocopot, path: str) -> None:
        """Likewise, if a wrapper of the old style receives the exception."""

        class Old:
            @hookimpl(hookwrapper=True)
            def cocopot_dispatch_request(self) -> Generator[None, Any, None]:
                yield

        app.plugins.register(Old())
        self.test_a_request_leaves_none(app, path, {})

    def test_the_reason_of_a_converter_is_kept(self, app: Cocopot) -> None:
        """An error handler sees what the exception was raised from."""

        class Known(BaseConverter):
            def to_python(self, value: str) -> str:
                try:
                    return {"tea": "Tea"}[value]
                except KeyError as error:
                    raise NotFound from error

        app.url_map.converters["known"] = Known
        app.add_url_rule("/<known:name>/here", "here", lambda name: name)
        app.register_error_handler(404, lambda error: f"{error.__context__!r} {error.__cause__!r}")
        assert app.test_client().get("/milk/here").text == "KeyError('milk') KeyError('milk')"

    def test_exceptions_handled_elsewhere_are_unchanged(self, app: Cocopot) -> None:
        """An exception that is being handled around a request keeps its traceback."""

        def answer_anyway() -> None:
            try:
                boom()
            except ShopError:
                assert app.test_client().get("/folder").status_code == 308
                raise

        with pytest.raises(ShopError) as raised:
            answer_anyway()
        assert raised.traceback[-1].name == "boom"


#: Text that would begin a line of its own in a log, control the terminal, or change the direction of writing.
HOSTILE = "x\nERROR forged\r\x1b[31m\x00\x7f\x85\x9b\u2028\u2029\u202e"


class TestLogInjection:
    @pytest.mark.parametrize("key", ["PATH_INFO", "REQUEST_METHOD"])
    def test_one_line(self, app: Cocopot, key: str, caplog: pytest.LogCaptureFixture) -> None:
        """What the client sent is on the line of the log record, and escaped."""
        app.before_request(boom)
        hostile = f"/{HOSTILE}".encode().decode("latin-1")
        run_wsgi_app(app, {**create_environ("/"), key: hostile})
        (message,) = caplog.messages
        assert message.startswith("Exception on /")
        assert message.isprintable()
        assert r"x\nerror forged\r\x1b[31m\x00\x7f" in message.lower()

    def test_bounded(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """A long path is cut."""
        app.before_request(boom)
        app.test_client().get("/" + "x" * 60_000)
        assert len(caplog.messages[0]) < 1100
        assert caplog.messages[0].endswith("... (60001 characters) [GET]")

    def test_in_messages(self, app: Cocopot) -> None:
        """Nor do the texts of a request and its context contain it, which errors quote."""
        environ = {**create_environ("/"), "REQUEST_METHOD": HOSTILE, "QUERY_STRING": "a=\n"}
        environ["PATH_INFO"] = f"/{HOSTILE}".encode().decode("latin-1")
        with app.request_context(environ) as context:
            assert repr(context).isprintable()
            assert repr(context.request).isprintable()


class Unreadable(Request):
    """A request of which nothing can be read."""

    @property
    def path(self) -> str:  # type: ignore[override]  # as an application may override it
        raise LookupError("no path")

    @property
    def method(self) -> str:  # type: ignore[override]
        raise LookupError("no method")

    @property
    def endpoint(self) -> str:
        raise LookupError("no endpoint")


class NoText(Exception):  # noqa: N818 - its name is not the point
    """An exception without a text."""

    def __str__(self) -> str:
        raise LookupError("no text")

    __repr__ = __str__


class TestReporting:
    """An error while an error is reported never replaces the response."""

    def answer(self, app: Cocopot, path: str = "/boom", **environ: object) -> tuple[str, str]:
        """Return the body and the status that the server gets."""
        body, status, _ = run_wsgi_app(app, {**create_environ(path), **environ}, buffered=True)
        return b"".join(body).decode(), status[:3]

    @pytest.fixture
    def app(self, app: Cocopot) -> Cocopot:
        app.register_error_handler(500, lambda error: ("handled", 500))
        app.register_error_handler(400, lambda error: ("refused", 400))
        shop = Blueprint("shop", __name__, url_prefix="/shop")
        shop.add_url_rule("/", "index", index)
        shop.register_error_handler(400, lambda error: ("refused by the shop", 400))
        app.register_blueprint(shop)
        return app

    def test_an_unreadable_request(self, app: Cocopot) -> None:
        """A request class whose attributes raise has the 500 of the application."""
        app.request_class = Unreadable
        assert self.answer(app) == ("handled", "500")
        assert self.answer(app, "/nowhere") == ("handled", "500")

    def test_a_request_that_cannot_be_created(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """A request class whose constructor raises has a plain 500, and a line in the log."""

        class Broken(Request):
            def __init__(self, *args: object) -> None:
                raise LookupError("no request")

        app.request_class = Broken
        body, status = self.answer(app, "/")
        assert (status, "Internal Server Error" in body) == ("500", True)
        assert "LookupError: no request" in caplog.text
        app.testing = True
        with pytest.raises(LookupError, match="no request"):
            self.answer(app, "/")

    @pytest.mark.parametrize("path", ["/\u0100", "/shop/\u0100", "\ud800"])
    def test_a_path_that_is_not_latin_1(self, app: Cocopot, path: str) -> None:
        """A path that no server may pass (PEP 3333) is a 400."""
        assert self.answer(app, PATH_INFO=path) == ("refused", "400")

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            *(("REQUEST_METHOD", ""), ("REQUEST_METHOD", "\u0100"), ("SCRIPT_NAME", "\u0100")),
            *(("QUERY_STRING", "\u0100"), ("HTTP_X_A", "\ud800"), ("HTTP_HOST", "\u0100")),
        ],
    )
    @pytest.mark.parametrize("path", ["/", "/everything"])
    def test_odd_strings(self, app: Cocopot, key: str, value: str, path: str) -> None:
        """An environment with strings that no server may pass is never a 500."""

        @app.route("/everything")
        def everything() -> str:
            return ascii([request.url, request.args, [*request.headers], request.root_path, url_for("index")])

        assert int(self.answer(app, path, **{key: value})[1]) < 500

    @pytest.mark.parametrize("key", ["REQUEST_METHOD", "SERVER_NAME", "wsgi.url_scheme", "wsgi.input"])
    def test_missing_variables(self, app: Cocopot, key: str) -> None:
        """An environment that lacks a variable (PEP 3333) is answered, if only with a logged 500."""
        app.add_url_rule("/data", "data", lambda: f"{request.get_data()!r} {request.url}")
        environ = create_environ("/data")
        del environ[key]
        assert run_wsgi_app(app, environ)[1][:3] in {"200", "500"}

    def test_a_logger_that_raises(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """A log handler that raises leaves the response and the error in standard error."""

        def fail(record: object) -> bool:
            raise LookupError("the logger failed")

        app.logger.addFilter(fail)
        assert self.answer(app) == ("handled", "500")
        assert "ShopError: boom" in capsys.readouterr().err

    def test_a_log_exception_that_raises(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """An override of `log_exception` that raises is logged, with the exception itself."""
        app.log_exception = failing(LookupError("cannot log"))  # type: ignore[method-assign]
        assert self.answer(app) == ("handled", "500")
        assert "Logging an exception failed" in caplog.messages[0]
        assert "ShopError: boom" in caplog.text

    def test_a_reporter_that_raises(self, app: Cocopot) -> None:
        """`cocopot_got_request_exception` may raise."""

        class Reporter:
            @hookimpl
            def cocopot_got_request_exception(self) -> None:
                raise LookupError("cannot report")

        app.plugins.register(Reporter())
        assert self.answer(app) == ("handled", "500")

    def test_a_500_handler_that_raises(self, app: Cocopot) -> None:
        """A handler of the 500 that raises leaves a plain 500."""
        app.register_error_handler(500, failing(LookupError("cannot handle")))
        body, status = self.answer(app)
        assert (status, "Internal Server Error" in body) == ("500", True)

    def test_a_response_class_that_raises(self, app: Cocopot) -> None:
        """A response class that cannot be constructed leaves a plain 500."""

        class Broken(Response):
            def __init__(self, *args: object, **kwargs: object) -> None:
                raise LookupError("no response")

        app.response_class = Broken
        body, status = self.answer(app)
        assert (status, "Internal Server Error" in body) == ("500", True)

    @pytest.mark.parametrize("method", ["__call__", "get_wsgi_headers", "get_app_iter"])
    def test_a_500_that_cannot_be_sent(
        self, app: Cocopot, method: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A response to the 500 that raises when it is sent is replaced by a plain 500."""
        broken = type("Broken", (Response,), {method: failing(LookupError("cannot be sent"))})
        app.register_error_handler(500, lambda error: broken("broken"))
        body, status = self.answer(app)
        assert (status, "Internal Server Error" in body) == ("500", True)
        assert "LookupError: cannot be sent" in caplog.text

    @pytest.mark.parametrize("place", ["view", "teardown", "after_request"])
    def test_an_exception_without_text(self, app: Cocopot, place: str) -> None:
        """An exception whose `str()` and `repr()` raise is one like others."""
        fail = failing(NoText())
        if place == "view":
            app.add_url_rule("/fail", "fail", fail)
        elif place == "teardown":
            app.teardown_request(fail)
        else:
            app.after_request(fail)
        status = {"view": "500", "teardown": "404", "after_request": "500"}[place]
        assert self.answer(app, "/fail")[1] == status

    @pytest.mark.parametrize("step", ["do_teardown_request", "do_teardown_appcontext"])
    def test_an_override_of_teardown_that_raises(
        self, app: Cocopot, step: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An override of a teardown step that raises is logged, after the other one has run."""
        ends: list[str] = []
        app.teardown_request(lambda exc: ends.append("request"))
        app.teardown_appcontext(lambda exc: ends.append("app"))
        setattr(app, step, failing(LookupError("cannot tear down")))
        app.start()
        del ends[:], caplog.records[:]
        assert self.answer(app, "/") == ("index", "200")
        assert ends == ["app" if step == "do_teardown_request" else "request"]
        assert "cannot tear down" in caplog.text


class Collected:
    """Whether what a request used is freed."""

    def __init__(self) -> None:
        self.requests: list[weakref.ref[Any]] = []

    def note(self) -> None:
        """Remember the current request."""
        self.requests.append(weakref.ref(request._get_current_object()))  # type: ignore[attr-defined]


class TestSingletons:
    """One exception object that is raised in every request."""

    ERRORS: ClassVar[dict[str, Callable[[], Exception]]] = {
        "HTTP": NotFound,
        "with response": lambda: HTTPException(response=WerkzeugResponse("gone", 410)),
        "own": lambda: ShopError("handled"),
        "unhandled": lambda: ZeroDivisionError("not handled"),
    }

    @pytest.fixture
    def collected(self, app: Cocopot) -> Collected:
        app.logger.disabled = True
        collected = Collected()
        app.before_request(collected.note)
        app.register_error_handler(ShopError, lambda error: ("handled", 409))
        return collected

    @pytest.mark.parametrize("name", ERRORS)
    @pytest.mark.parametrize(
        "place", ["view", "blueprint", "before_request", "after_request", "handler", "wrapped"]
    )
    def test_nothing_is_kept(self, app: Cocopot, collected: Collected, name: str, place: str) -> None:
        """It does not keep the frames of the requests that it was raised in, nor the requests."""
        error = self.ERRORS[name]()
        fail = failing(error)
        if place == "view":
            app.add_url_rule("/fail", "fail", fail)
        elif place == "blueprint":
            shop = Blueprint("shop", __name__)
            shop.add_url_rule("/fail", "fail", fail)
            shop.register_error_handler(404, lambda error: ("not in the shop", 404))
            app.register_blueprint(shop)
        elif place == "handler":
            app.add_url_rule("/fail", "fail", failing(KeyError()))
            app.register_error_handler(KeyError, fail)
        elif place == "wrapped":

            @app.route("/fail")
            def wrapping() -> str:
                try:
                    fail()
                except Exception as exc:
                    raise ShopError("wrapped") from exc
                return ""
        else:
            app.add_url_rule("/fail", "fail", index)
            getattr(app, place)(fail)
        for _ in range(3):
            run_wsgi_app(app, create_environ("/fail"), buffered=True)
        assert error.__traceback__ is None
        assert not any(getattr(error, "__notes__", ())[1:])
        assert [reference() for reference in collected.requests] == [None] * 3

    @pytest.mark.parametrize("hook", ["teardown_request", "teardown_appcontext"])
    def test_in_teardown(self, app: Cocopot, collected: Collected, hook: str) -> None:
        """Nor does one that a teardown function raises."""
        error = ShopError("in teardown")
        getattr(app, hook)(failing(error))
        for _ in range(3):
            run_wsgi_app(app, create_environ("/"), buffered=True)
        assert error.__traceback__ is None
        assert [reference() for reference in collected.requests] == [None] * 3

    def test_propagated(self, app: Cocopot) -> None:
        """Where exceptions propagate, the traceback is that of the view."""
        app.testing = True
        app.add_url_rule("/fail", "fail", failing(ZeroDivisionError()))
        with pytest.raises(ZeroDivisionError) as raised:
            app.test_client().get("/fail")
        assert raised.traceback[-1].name == "function"

    def test_teardown_has_the_traceback(self, app: Cocopot) -> None:
        """The teardown functions get an exception that was not handled with its traceback."""
        seen: list[Any] = []
        app.teardown_request(lambda exc: seen.append(exc and exc.__traceback__ is not None))
        assert app.test_client().get("/boom").status_code == 500
        assert seen == [True]
