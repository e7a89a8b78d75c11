"""The steps of a request as methods of the application."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, Response, request
from cocopot.exceptions import InternalServerError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Each step, with arguments that it takes.
STEPS: dict[str, tuple[Any, ...]] = {
    "full_dispatch_request": (),
    "preprocess_request": (),
    "dispatch_request": (),
    "make_response": ("text",),
    "process_response": (Response(),),
    "make_default_options_response": (),
    "handle_user_exception": (ValueError(),),
    "handle_http_exception": (InternalServerError(),),
    "handle_exception": (ValueError(),),
    "log_exception": ((None, None, None),),
    "do_teardown_request": (),
}


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot(__name__, autoload=False)
    app.add_url_rule("/", view_func=index)
    return app


def index() -> str:
    return "index"


@pytest.mark.parametrize(("name", "arguments"), STEPS.items())
def test_outside_of_a_request(app: Cocopot, name: str, arguments: tuple[Any, ...]) -> None:
    """Outside of a request a step is an error that states how to make one."""
    with pytest.raises(RuntimeError, match="test_request_context"):
        getattr(app, name)(*arguments)


@pytest.mark.parametrize(("name", "arguments"), STEPS.items())
def test_in_an_application_context(app: Cocopot, name: str, arguments: tuple[Any, ...]) -> None:
    """An application context is not enough."""
    with app.app_context(), pytest.raises(RuntimeError, match="outside of a request context"):
        getattr(app, name)(*arguments)


def test_dispatch_request(app: Cocopot) -> None:
    """It returns what the view returned, or raises what routing found wrong."""
    with app.test_request_context("/"):
        assert app.dispatch_request() == "index"
    with app.test_request_context("/missing"):
        assert request.routing_exception is not None
        with pytest.raises(type(request.routing_exception), match="404"):
            app.dispatch_request()


def test_make_response(app: Cocopot) -> None:
    """It makes a response of what a view may return."""
    with app.test_request_context("/"):
        response = app.make_response(({"a": 1}, 201))
    assert (response.status_code, response.json) == (201, {"a": 1})


def test_make_default_options_response(app: Cocopot) -> None:
    """It names the methods of the URL."""
    with app.test_request_context("/", method="OPTIONS"):
        assert set(app.make_default_options_response().allow) == {"GET", "HEAD", "OPTIONS"}


def test_handle_exception(app: Cocopot) -> None:
    """It answers with a 500, for which the after-request functions run."""
    app.after_request(lambda response: response.headers.set("X-Seen", "1"))
    with app.test_request_context("/"):
        response = app.handle_exception(ValueError("lost"))
    assert (response.status_code, response.headers["X-Seen"]) == (500, "1")


def test_handle_exception_before_matching(app: Cocopot) -> None:
    """An exception before anything has been matched is answered all the same."""
    app.start()
    dict.__setitem__(app.config, "TRUSTED_HOSTS", 3)  # unchecked
    assert app.test_client().get("/").status_code == 500


def test_log_exception_of_now(app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
    """It takes what `sys.exc_info` returns."""
    with app.test_request_context("/"):
        try:
            raise ValueError("lost")  # noqa: TRY301 - it takes one to have one
        except ValueError:
            app.log_exception(sys.exc_info())
    assert caplog.records[0].levelno == logging.ERROR
    assert "ValueError: lost" in caplog.text


def test_do_teardown_appcontext(app: Cocopot) -> None:
    """It runs the functions of the application context, with or without a request."""
    errors: list[BaseException | None] = []
    app.teardown_appcontext(errors.append)
    error = ValueError()
    app.do_teardown_appcontext(error)
    app.do_teardown_appcontext()
    assert errors == [error, None]


class TestOverrides:
    @pytest.fixture
    def shout(self) -> Callable[[Response], Response]:
        def shout(response: Response) -> Response:
            response.set_data(response.get_data().upper())
            return response

        return shout

    def test_between_requests(self, app: Cocopot, shout: Callable[[Response], Response]) -> None:
        """A step can be assigned and deleted between requests."""
        client = app.test_client()
        texts = [client.get("/").text]
        app.process_response = shout  # type: ignore[method-assign, assignment]
        texts.append(client.get("/").text)
        del app.process_response
        texts.append(client.get("/").text)
        assert texts == ["index", "INDEX", "index"]

    def test_patched(
        self, app: Cocopot, monkeypatch: pytest.MonkeyPatch, shout: Callable[[Response], Response]
    ) -> None:
        """A step that a test has replaced is itself again afterwards."""
        client = app.test_client()
        with monkeypatch.context() as patch:
            patch.setattr(app, "process_response", shout)
            assert client.get("/").text == "INDEX"
        assert client.get("/").text == "index"

    def test_of_a_mixin(self) -> None:
        """An override may come from any class that the application's class has."""

        class Polite:
            def preprocess_request(self) -> str:
                return f"Please, {request.path}"

        class Shop(Polite, Cocopot):
            pass

        assert Shop(__name__, autoload=False).test_client().get("/").text == "Please, /"

    def test_none_from_dispatch_request(self) -> None:
        """An override that forgets to return is reported so."""

        class Forgetful(Cocopot):
            def dispatch_request(self) -> Any:
                super().dispatch_request()

        app = Forgetful(__name__, autoload=False)
        app.testing = True
        app.add_url_rule("/", view_func=index)
        with pytest.raises(TypeError, match="an override of dispatch_request, must return"):
            app.test_client().get("/")

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("make_response", "must return a Response"),
            ("process_response", "an override of process_response and"),
        ],
    )
    def test_no_response(self, app: Cocopot, name: str, message: str) -> None:
        """An override that returns no response is an error, not a broken answer."""
        app.testing = True
        setattr(app, name, lambda _: None)
        with pytest.raises(TypeError, match=message):
            app.test_client().get("/")

    def test_only_of_the_instance(self, app: Cocopot) -> None:
        """Another application keeps its own steps."""
        other = Cocopot(__name__, autoload=False)
        other.add_url_rule("/", view_func=index)
        app.dispatch_request = lambda: "mine"  # type: ignore[method-assign]
        assert (app.test_client().get("/").text, other.test_client().get("/").text) == ("mine", "index")


def test_a_made_up_request_sees_what_is_registered_meanwhile() -> None:
    """Inside `test_request_context` a step runs the functions that are registered when it is called."""
    app = Cocopot("app_with_made_up_request", autoload=False)
    with app.test_request_context("/"):
        assert app.preprocess_request() is None
        app.before_request(lambda: "late")
        assert app.preprocess_request() == "late"


@pytest.mark.parametrize("step", ["make_response", "process_response", "dispatch_request"])
@pytest.mark.parametrize("is_assigned", [False, True])
def test_an_override_that_returns_no_response(step: str, is_assigned: bool) -> None:
    """The error names the override and its place."""

    def override(*args: object) -> None:
        return None

    class Shop(Cocopot):
        pass

    app = Shop(__name__, autoload=False)
    setattr(app if is_assigned else Shop, step, override)
    app.add_url_rule("/", view_func=index)
    app.testing = True
    with pytest.raises(TypeError, match=f"override overrides {step}.\n  at {__file__}:"):
        app.test_client().get("/")
