"""`teardown_this_context`: what one context opens, and its end closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, hookimpl, request, stream_with_context, teardown_this_context

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def app() -> Cocopot:
    return Cocopot("birds", autoload=False)


@pytest.fixture
def log() -> list[Any]:
    return []


def test_order(app: Cocopot, log: list[Any]) -> None:
    """They run after the teardown hooks, the last one first, with what a function of them adds."""
    app.teardown_request(lambda exc: log.append("hook"))

    @app.get("/")
    def index() -> str:
        teardown_this_context(lambda exc: log.append("first"))

        @teardown_this_context
        def add(exc: object) -> None:
            teardown_this_context(lambda exc: log.append(request.path))

        return "index"

    app.test_client().get("/")
    assert log == ["hook", "/", "first"]
    app.test_client().get("/")
    assert len(log) == 6


def test_a_context_that_does_not_use_it(app: Cocopot, log: list[Any]) -> None:
    """A function is that of one request, and of no later one."""

    @app.get("/")
    def index() -> str:
        if request.args:
            teardown_this_context(log.append)
        return "index"

    for url in ("/", "/?open", "/"):
        app.test_client().get(url)
    assert log == [None]


def test_added_by_a_teardown_function(app: Cocopot, log: list[Any]) -> None:
    """What a teardown hook opens is closed too."""

    @app.teardown_request
    def record(exc: BaseException | None) -> None:
        teardown_this_context(log.append)

    app.get("/")(lambda: "index")
    app.test_client().get("/")
    assert log == [None]


def test_added_when_the_response_is_closed(app: Cocopot, log: list[Any]) -> None:
    """What a hook opens after the end of the response is closed after the hook."""

    class Late:
        @hookimpl
        def cocopot_response_closed(self) -> None:
            teardown_this_context(lambda exc: log.append("closed"))
            log.append("hook")

    app.plugins.register(Late())
    app.get("/")(lambda: "index")
    app.test_client().get("/").close()
    assert log == ["hook", "closed"]


@pytest.mark.parametrize("handles", [True, False])
def test_exceptions(log: list[Any], handles: bool) -> None:
    """`on_exception` is called before the error handlers, and the function with what was not handled."""
    app, error = Cocopot("errors", autoload=False), KeyError("tit")

    @app.get("/")
    def index() -> str:
        teardown_this_context(log.append, on_exception=lambda exc: log.append("reported"))
        raise error

    @app.errorhandler(KeyError if handles else ValueError)
    def handle(exc: Exception) -> str:
        log.append("handled")
        return "handled"

    app.logger.disabled = True
    app.test_client().get("/")
    assert log == (["reported", "handled", None] if handles else ["reported", "reported", error])


def test_an_exception_that_propagates(app: Cocopot, log: list[Any]) -> None:
    """The function gets an exception that reaches the server."""
    app.testing = True

    @app.get("/")
    def index() -> str:
        teardown_this_context(log.append)
        raise KeyError("tit")

    with pytest.raises(KeyError) as caught:
        app.test_client().get("/")
    assert log == [caught.value]


def test_a_function_that_raises(app: Cocopot, log: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    """The others run nevertheless; it is logged, and raised where exceptions propagate."""

    def fail(exc: object) -> None:
        raise ValueError("cannot close")

    @app.get("/")
    def index() -> str:
        teardown_this_context(log.append)
        teardown_this_context(fail, on_exception=fail)
        if request.args:
            raise KeyError
        return "index"

    app.register_error_handler(KeyError, lambda error: "handled")
    assert app.test_client().get("/?fail").text == "handled"
    assert log == [None]
    assert caplog.text.count("ValueError: cannot close") == 2
    app.testing = True
    with pytest.raises(ValueError, match="cannot close"):
        app.test_client().get("/")
    assert log == [None, None]


def test_a_stream(app: Cocopot, log: list[Any]) -> None:
    """It is called when a body of `stream_with_context` ends, also if the client is gone."""

    @app.get("/")
    def index() -> Iterator[str]:
        def generate() -> Iterator[str]:
            log.append("stream")
            yield from ("tit", "wren")

        teardown_this_context(lambda exc: log.append("closed"))
        return stream_with_context(generate())

    response = app.test_client().get("/", buffered=False)
    body = response.iter_encoded()
    assert next(iter(body)) == b"tit"
    assert log == ["stream"]
    response.close()
    assert log == ["stream", "closed"]


def test_an_application_context(app: Cocopot, log: list[Any]) -> None:
    """The context may be that of a command; an inner one has functions of its own."""
    with app.app_context():
        teardown_this_context(lambda exc: log.append("outer"))
        with app.app_context():
            teardown_this_context(lambda exc: log.append("inner"))
        assert log == ["inner"]
    assert log == ["inner", "outer"]


def test_an_async_function(app: Cocopot, log: list[Any]) -> None:
    """The function may be `async def`."""

    async def close(exc: BaseException | None) -> None:
        log.append(exc)

    with app.app_context():
        teardown_this_context(close)
    assert log == [None]


def test_mistakes(app: Cocopot) -> None:
    """Outside of a context it raises, and so does a function that would never run."""
    with pytest.raises(RuntimeError, match="outside of the application context"):
        teardown_this_context(print)

    def generator(exc: object) -> Iterator[None]:
        yield

    with app.app_context(), pytest.raises(TypeError, match="generator"):
        teardown_this_context(generator)
