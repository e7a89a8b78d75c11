"""A session during a request: when it is opened and saved, when it can be changed, and headers for caches."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.routing import BaseConverter

import cocopot
from cocopot import (
    Request,
    Response,
    after_this_request,
    copy_current_request_context,
    has_request_context,
    hookimpl,
    request,
    send_from_directory,
    session,
    stream_with_context,
)
from cocopot.pipeline import sessions
from cocopot.proxies import g
from cocopot.sessions import Session, SessionUnavailable
from tests.signed_cookies import Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def visit(*_: object) -> None:
    """Change the session so that each call can be seen."""
    session["visits"] = session.get("visits", 0) + 1


def visits(client: Any) -> object:
    """Return what the client's session has stored."""
    with client.session_transaction() as stored:
        return stored.get("visits")


# -------------------------------------------------------------------------
# Opened at its first use, saved once
# -------------------------------------------------------------------------


def test_never_without_use() -> None:
    """A request that does not use it opens none, saves none, and gets no header."""
    app = Shop()
    response = app.test_client().get("/")
    assert app.counts == (0, 0)
    assert not {"Vary", "Cache-Control", "Set-Cookie"} & {*response.headers.keys()}


@pytest.mark.parametrize("path", ["/", "/response", "/nowhere", "/stream"])
def test_no_call_without_use(path: str) -> None:
    """Serving a request that does not use it calls no function that is about sessions."""
    app = Shop()
    app.after_request(lambda response: None)
    app.add_url_rule("/response", "response", lambda: Response("text"))
    app.add_url_rule("/stream", "stream", lambda: stream_with_context(["text"]))
    client = app.test_client()
    client.get(path)  # what is compiled is compiled
    called: list[str] = []
    sys.setprofile(lambda frame, event, argument: called.append(frame.f_code.co_filename))
    try:
        client.get(path).close()
    finally:
        sys.setprofile(None)
    assert __file__ in called
    assert not {cocopot.sessions.__file__, sessions.__file__} & {*called}


def test_once() -> None:
    """It is opened once and saved once, however often it is used."""
    app = Shop()
    app.before_request(visit)
    app.after_request(visit)
    client = app.test_client()
    client.get("/write/ada")
    assert app.counts == (1, 1)
    assert (client.get("/read").text, visits(client)) == ("ada", 4)


class Lister(BaseConverter):
    """A converter that uses the session."""

    def to_python(self, value: str) -> str:
        """Return the value, after a visit."""
        visit()
        return value


def in_started(app: Shop) -> None:
    """Use it in the first hook of a request."""

    class Plugin:
        @hookimpl
        def cocopot_request_started(self) -> None:
            visit()

    app.plugins.register(Plugin(), "plugin")


def in_dispatch(app: Shop) -> None:
    """Use it around the view."""

    class Plugin:
        @hookimpl(wrapper=True)
        def cocopot_dispatch_request(self) -> Iterator[None]:
            result = yield
            visit()
            return result

    app.plugins.register(Plugin(), "plugin")


def in_converter(app: Shop) -> None:
    """Use it while the URL is matched."""
    app.router.converters["lister"] = Lister
    app.add_url_rule("/<lister:value>", "listed", lambda value: "view")


def in_after_this_request(app: Shop) -> None:
    """Use it in a function that the view registers."""

    def register() -> None:
        after_this_request(visit)

    app.before_request(register)


def in_url_defaults(app: Shop) -> None:
    """Use it while a URL is built."""

    def build() -> None:
        app.url_for("index")

    app.before_request(build)
    app.url_defaults(visit)


PLACES: dict[str, Callable[[Shop], object]] = {
    "before-request": lambda app: app.before_request(visit),
    "after-request": lambda app: app.after_request(visit),
    "after-this-request": in_after_this_request,
    "url value preprocessor": lambda app: app.url_value_preprocessor(visit),
    "url defaults": in_url_defaults,
    "request started": in_started,
    "dispatch": in_dispatch,
    "converter": in_converter,
}


@pytest.mark.parametrize("register", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("overridden", [False, True], ids=["fast", "plain"])
def test_places(register: Callable[[Shop], object], overridden: bool) -> None:
    """Wherever in a request it is first used, it is opened once and saved, with and without the fast path."""
    app = Shop()
    if overridden:
        app.dispatch_request = super(Shop, app).dispatch_request  # type: ignore[method-assign]
    register(app)
    client = app.test_client()
    response = client.get("/" if "listed" not in app.view_functions else "/item")
    assert (response.status_code, response.headers["Vary"], app.counts) == (200, "Cookie", (1, 1))
    assert visits(client) == 1


def test_while_the_response_is_made() -> None:
    """It is saved if the JSON provider uses it, which happens after the view."""
    app = Shop()

    def default(value: object) -> str:
        visit()
        return "lazy"

    app.json.default = default  # type: ignore[attr-defined]  # of the default provider
    app.add_url_rule("/json", "json", lambda: {"value": object()})
    client = app.test_client()
    assert client.get("/json").json == {"value": "lazy"}
    assert visits(client) == 1


@pytest.mark.parametrize(("code", "path"), [(404, "/nowhere"), (500, "/broken")])
def test_error_handlers(code: int, path: str) -> None:
    """An error handler may use it first; what was changed before an exception is saved as well."""
    app = Shop()
    app.testing = False
    app.add_url_rule("/broken", "broken", lambda: [visit(), 1 / 0])  # type: ignore[func-returns-value]

    @app.errorhandler(code)
    def handle(error: Exception) -> tuple[str, int]:
        visit()
        return "handled", code

    client = app.test_client()
    response = client.get(path)
    assert (response.text, response.status_code, app.counts) == ("handled", code, (1, 1))
    assert visits(client) == (2 if code == 500 else 1)


def test_an_after_request_function_that_raises() -> None:
    """It is saved once, with the 500, whose response goes through the after-request functions again."""
    app = Shop()
    app.testing = False
    calls: list[str] = []

    @app.after_request
    def fail_once(response: Response) -> Response:
        visit()
        calls.append(response.status)
        if len(calls) == 1:
            raise LookupError("once")
        return response

    client = app.test_client()
    assert (client.get("/").status_code, app.counts) == (500, (1, 1))
    assert calls == ["200 OK", "500 INTERNAL SERVER ERROR"]
    assert visits(client) == 2


@pytest.mark.parametrize("body", ["text", "stream", "error"])
@pytest.mark.parametrize("place", ["none", "before", "after", "teardown"])
def test_teardown_runs_once(place: str, body: str) -> None:
    """Wherever it is used, and whatever is sent, the contexts of the request are torn down once."""
    app = Shop()
    calls: list[str] = []
    if place in ("before", "after"):
        getattr(app, f"{place}_request")(visit)

    @app.teardown_request
    def record(exc: BaseException | None) -> None:
        calls.append("request")
        if place == "teardown":
            session.get("user")

    @app.get("/body")
    def view() -> object:
        return {"text": "text", "stream": stream_with_context(iter(["a", "b"])), "error": 5}[body]

    with suppress(TypeError):
        app.test_client().get("/body").close()
    assert calls == ["request"]
    assert not has_request_context()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_methods(method: str) -> None:
    """It is saved for a response without a body as well."""
    app = Shop()
    app.before_request(visit)
    client = app.test_client()
    response = client.open("/", method=method)
    assert (response.headers["Cache-Control"], visits(client)) == ("private", 1)


def test_not_modified(tmp_path: Path) -> None:
    """A file, and a 304, get the headers of a session that a before-request function reads."""
    (tmp_path / "a.txt").write_text("text")
    app = Shop()
    app.before_request(lambda: session.get("user"))
    app.add_url_rule("/file", "file", lambda: send_from_directory(tmp_path, "a.txt", max_age=60))
    client = app.test_client()
    full = client.get("/file")
    short = client.get("/file", headers={"If-None-Match": full.headers["ETag"]})
    assert (full.status_code, short.status_code) == (200, 304)
    for response in (full, short):
        assert (response.vary.to_header(), response.cache_control.public) == ("Cookie", True)


# -------------------------------------------------------------------------
# Caches
# -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read", "written"),
    [
        (None, "private", "private"),
        ("max-age=60", "max-age=60, private", "max-age=60, private"),
        ("no-cache", "no-cache, private", "no-cache, private"),
        ("public, max-age=60", "public, max-age=60", "max-age=60, private"),
        ("s-maxage=60", "s-maxage=60", "private"),
        ("no-store", "no-store", "no-store"),
        ("public, no-store", "public, no-store", "no-store"),
        ("private", "private", "private"),
        ('private="X-User"', 'private="X-User"', "private"),
    ],
)
def test_cache_control(sent: str | None, read: str, written: str) -> None:
    """A shared cache may store a response only if the view allows it and the session was only read."""
    app = Shop()
    app.after_request(lambda response: sent and response.headers.set("Cache-Control", sent))
    client = app.test_client()
    headers = [client.get(path).headers for path in ("/read", "/write/ada")]
    assert [head["Cache-Control"] for head in headers] == [read, written]
    assert [head["Vary"] for head in headers] == ["Cookie", "Cookie"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("Accept", "Accept, Cookie"), ("cookie", "cookie"), ("*", "*"), ("Accept, Cookie", "Accept, Cookie")],
)
def test_vary(sent: str, expected: str) -> None:
    """`Cookie` is added to what the response varies on, unless it is there."""
    app = Shop()
    app.after_request(lambda response: response.headers.set("Vary", sent))
    assert app.test_client().get("/read").headers["Vary"] == expected


def test_headers_of_several_lines() -> None:
    """A header that is sent in several lines keeps what each of them has."""
    app = Shop()

    @app.after_request
    def add(response: Response) -> Response:
        for name, values in {
            "Vary": ("Accept", "Origin"),
            "Cache-Control": ("max-age=60", "no-cache"),
        }.items():
            for value in values:
                response.headers.add(name, value)
        return response

    headers = app.test_client().get("/read").headers
    assert headers.getlist("Vary") == ["Accept, Origin, Cookie"]
    assert headers.getlist("Cache-Control") == ["max-age=60, no-cache, private"]


def test_a_cookie_without_a_change() -> None:
    """If saving sets a cookie for a session that was only read, no shared cache may store the response."""

    class Refreshing(Shop):
        def save_session(self, session: Session, response: Response) -> None:
            response.set_cookie("session", "refreshed")

    app = Refreshing()
    app.after_request(lambda response: response.headers.set("Cache-Control", "public"))
    assert app.test_client().get("/read").headers["Cache-Control"] == "private"


# -------------------------------------------------------------------------
# Too late for a change
# -------------------------------------------------------------------------

TOO_LATE = "the head of the response has been sent|it has been saved"


@pytest.mark.parametrize("used_before", [True, False])
def test_streams(used_before: bool) -> None:
    """A streamed body can read it, also if it is first used there; a change raises."""
    app = Shop()

    @app.get("/stream")
    def stream() -> Iterator[str]:
        if used_before:
            session.get("user")
        return stream_with_context(body())

    def body() -> Iterator[str]:
        yield session["user"]
        session["user"] = "grace"

    client = app.test_client()
    client.get("/write/ada")
    iterator = iter(client.get("/stream").response)
    assert next(iterator) == b"ada"
    with pytest.raises(RuntimeError, match=TOO_LATE):
        next(iterator)
    assert client.get("/read").text == "ada"


@pytest.mark.parametrize("path", ["/", "/read"])
def test_teardown(path: str) -> None:
    """A teardown function can read it, also if it is the first; a change raises, and nothing is saved."""
    app = Shop()
    seen: list[object] = []

    @app.teardown_request
    def late(exc: BaseException | None) -> None:
        seen.append(session.get("user"))
        with pytest.raises(RuntimeError, match=TOO_LATE):
            session["user"] = "grace"

    client = app.test_client()
    client.get("/write/ada")
    saved = app.sessions.saved
    client.get(path)
    assert (seen, app.sessions.saved - saved) == (["ada", "ada"], int(path == "/read"))


def test_in_the_block_of_a_client() -> None:
    """After a request, in the block of a client, it is there to be read."""
    app = Shop()
    client = app.test_client()
    with client:
        client.get("/write/ada")
        assert session["user"] == "ada"
        with pytest.raises(RuntimeError, match=r"in a test, in client\.session_transaction\(\)"):
            session["user"] = "grace"
        client.get("/")
        assert session["user"] == "ada"
    assert not has_request_context()


def test_an_override_that_does_not_save(caplog: pytest.LogCaptureFixture) -> None:
    """A changed session that an override of `process_response` does not save is logged with the cure."""

    class Forgetful(Shop):
        def process_response(self, response: Response) -> Response:
            return response

    client = Forgetful().test_client()
    with caplog.at_level(logging.ERROR):
        client.get("/read")
        assert caplog.messages == []
        client.get("/write/ada")
    (message,) = caplog.messages
    assert "has to call super().process_response(response)" in message


def test_one_object_for_several_requests() -> None:
    """A session object that is opened again can be changed again, unless its storage has refused that."""
    one = Session()

    class Same(Shop):
        def open_session(self, request: Any) -> Session:
            return one

        def save_session(self, session: Session, response: Response) -> None:
            return

    client = Same().test_client()
    client.get("/write/ada")
    client.get("/write/grace")
    assert one == {"user": "grace"}
    one.refuse_changes("it is locked.")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="it is locked"):
            client.get("/write/ada")


# -------------------------------------------------------------------------
# Several contexts
# -------------------------------------------------------------------------


def test_nested_requests() -> None:
    """A request that a view sends has a session of its own, and so has a test request context."""
    app = Shop()

    @app.get("/outer")
    def outer() -> dict[str, object]:
        session["user"] = "outer"
        inner = app.test_client().get("/write/inner").text
        with app.test_request_context():
            alone = session.get("user")
        with app.app_context():
            same = session["user"]
        return {"inner": inner, "alone": alone, "same": same, "user": session["user"]}

    client = app.test_client()
    expected = {"inner": "written", "alone": None, "same": "outer", "user": "outer"}
    assert client.get("/outer").json == expected
    assert client.get("/read").text == "outer"


def run_in_thread(function: Callable[[], object]) -> object:
    """Return what a function returns in another thread."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(10)
    return results[0]


@pytest.mark.parametrize("used_before", [True, False])
def test_threads(used_before: bool) -> None:
    """A thread of a view shares the session of the request: what it changes is saved."""
    app = Shop()

    @app.get("/thread")
    def start() -> str:
        if used_before:
            visit()
        run_in_thread(copy_current_request_context(visit))
        return str(session["visits"])

    client = app.test_client()
    assert client.get("/thread").text == str(1 + used_before)
    assert (visits(client), app.counts) == (1 + used_before, (2, 2))


@pytest.mark.parametrize("path", ["/read", "/"])
def test_a_thread_after_the_request(path: str) -> None:
    """A thread that runs after the end of its request can read the session; a change raises."""
    app = Shop()
    functions: list[Callable[[], object]] = []

    def late() -> str:
        with pytest.raises(RuntimeError, match=TOO_LATE):
            session["user"] = "grace"
        return str(session["user"])

    client = app.test_client()
    client.get("/write/ada")

    def view() -> str:
        functions.append(copy_current_request_context(late))
        return str(session["user"]) if path == "/read" else "view"

    app.view_functions["index"] = app.view_functions["read"] = view
    client.get(path)
    assert run_in_thread(functions[0]) == "ada"


def test_several_threads() -> None:
    """Threads that use it first at the same time have one session."""
    app = Shop()
    barrier = threading.Barrier(8)

    def add(number: int) -> None:
        barrier.wait(10)
        session[str(number)] = number

    @app.get("/threads")
    def start() -> str:
        target = copy_current_request_context(add)
        threads = [threading.Thread(target=target, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        return str(len(session))

    assert app.test_client().get("/threads").text == "8"
    assert app.counts == (1, 1)


def test_coroutine_functions() -> None:
    """Coroutine functions, and threads that they start, use the session of their request."""
    app = Shop()

    @app.before_request
    async def before() -> None:
        visit()

    @app.get("/async")
    async def view() -> str:
        await asyncio.to_thread(visit)
        visit()
        return str(session["visits"])

    @app.after_request
    async def after(response: Response) -> Response:
        visit()
        return response

    client = app.test_client()
    assert (client.get("/async").text, app.counts) == ("3", (1, 1))
    assert visits(client) == 4


def test_an_event_loop_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop does not wait for ever for a thread that opens the session with a coroutine."""
    monkeypatch.setattr(sessions, "_OPENING_TIMEOUT", 0.1)
    app, is_opening, has_failed = Shop(), threading.Event(), asyncio.Event()

    def open_session(request: Request) -> Session:
        is_opening.set()
        app.async_to_sync(has_failed.wait)()
        return Session()

    @app.get("/async")
    async def view() -> str:
        task = asyncio.create_task(asyncio.to_thread(visit))
        await asyncio.to_thread(is_opening.wait, 10)
        with pytest.raises(RuntimeError, match="Read the session before that thread is started"):
            visit()
        has_failed.set()
        await task
        return str(session["visits"])

    monkeypatch.setattr(app.session_interface, "open_session", lambda _, request: open_session(request))
    assert app.test_client().get("/async").text == "1"


def test_outside_of_a_request() -> None:
    """Without a request it raises; its truth and its repr can be asked for."""
    app = Shop()
    with pytest.raises(RuntimeError, match="Working outside of a request context"):
        session["user"]
    with app.app_context(), pytest.raises(RuntimeError, match="Working outside of a request context"):
        session.get("user")
    assert (bool(session), repr(session)) == (False, "<session outside of a request>")


def test_the_proxy() -> None:
    """It behaves as the session of the current request does."""
    with Shop().test_request_context():
        assert (bool(session), len(session), "a" in session, session.get("a", 1)) == (False, 0, False, 1)
        session["a"] = 1
        assert (bool(session), {**session}, session == {"a": 1}) == (True, {"a": 1}, True)
        assert (repr(session), session.modified, session.accessed) == ("<Session {'a': 1}>", True, True)
        assert isinstance(session, Session)
        del session["a"]
        assert list(session) == []


def test_process_response_by_hand() -> None:
    """In a test request context `app.process_response` saves it, as in Flask."""
    app = Shop()
    with app.test_request_context():
        session["user"] = "ada"
        response = app.process_response(Response("text"))
    assert (app.counts, "session=" in response.headers["Set-Cookie"]) == ((1, 1), True)


# -------------------------------------------------------------------------
# Overrides
# -------------------------------------------------------------------------


def test_overrides() -> None:
    """A subclass, or an assignment to the instance, replaces each of the three steps."""
    calls: list[str] = []

    class Own(Shop):
        def open_session(self, request: Any) -> Session | None:
            calls.append(f"open {request.path}")
            return super().open_session(request) if "X-None" not in request.headers else None

        def make_null_session(self) -> Session:
            calls.append("null")
            return super().make_null_session()

    def save(session: Session, response: Response) -> None:
        calls.append("save")
        Shop.save_session(app, session, response)

    app = Own()
    app.save_session = save  # type: ignore[method-assign]
    client = app.test_client()
    client.get("/write/ada")
    assert client.get("/read", headers={"X-None": "1"}).text == "None"
    assert calls == ["open /write/ada", "save", "open /read", "null"]
    assert client.get("/read").text == "ada"


@pytest.mark.parametrize("step", ["open_session", "make_null_session"])
def test_an_override_that_returns_no_session(step: str) -> None:
    """An override that returns something else is an error that names it, and the cure."""
    app = Shop()
    app.secret_key = None
    setattr(app, step, lambda *args: {"user": "ada"})
    with pytest.raises(TypeError, match=rf"^{step} of <Shop.* returned a dict,.*derived from"):
        app.test_client().get("/read")


# -------------------------------------------------------------------------
# The test client
# -------------------------------------------------------------------------


def test_session_transaction() -> None:
    """A block of the client opens its session, and saves what it changes into its cookies."""
    app = Shop()
    client = app.test_client()
    with client.session_transaction() as stored:
        stored["user"] = "ada"
    assert client.get("/read").text == "ada"
    with client.session_transaction("/any", base_url="http://localhost/") as stored:
        assert dict(stored) == {"user": "ada"}
        stored.clear()
    assert (client.get("/read").text, client.get_cookie("session")) == ("None", None)
    with pytest.raises(RuntimeError, match="it has been saved"):
        stored["user"] = "grace"


def test_a_transaction_that_raises() -> None:
    """Nothing is saved if the block raises."""
    client = Shop().test_client()
    with suppress(LookupError), client.session_transaction() as stored:
        stored["user"] = "ada"
        raise LookupError
    assert client.get("/read").text == "None"


def test_a_transaction_and_contexts() -> None:
    """The startup hooks have run before, no context is active in the block, and teardown runs once."""
    calls: list[str] = []
    app = Shop()
    app.on_startup(lambda: calls.append("startup"))
    app.teardown_request(lambda exc: calls.append("teardown"))
    with app.test_client().session_transaction():
        calls.append("block")
        assert not has_request_context()
    assert calls == ["startup", "block", "teardown"]


def test_a_transaction_without_sessions() -> None:
    """Without a storage a change in the block raises; a client without cookies cannot have one."""
    app = Shop()
    app.secret_key = None
    with app.test_client().session_transaction() as stored, pytest.raises(RuntimeError, match="SECRET_KEY"):
        stored["user"] = "ada"
    with pytest.raises(TypeError, match="use_cookies=True"), app.test_client(False).session_transaction():
        pass


def test_a_transaction_inside_a_block() -> None:
    """It can be used in the block of a client, whose last request stays active."""
    client = Shop().test_client()
    with client:
        client.get("/write/ada")
        g.mark = 1
        with client.session_transaction() as stored:
            stored["user"] = "grace"
        assert (request.path, g.mark, client.get("/read").text) == ("/write/ada", 1, "grace")


# -------------------------------------------------------------------------
# A store that cannot be reached
# -------------------------------------------------------------------------


class Unavailable(Shop):
    """An application whose sessions cannot be saved, or opened."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place
        self.seen: list[str] = []
        self.after_request(self.record)
        self.testing = False

    def record(self, response: Response) -> Response:
        self.seen.append(response.status)
        return response

    def open_session(self, request: Request) -> Session | None:
        if self.place == "open":
            raise SessionUnavailable
        return super().open_session(request)

    def save_session(self, session: Session, response: Any) -> None:
        raise SessionUnavailable


@pytest.mark.parametrize("place", ["open", "save"])
def test_it_is_a_503(place: str) -> None:
    """The error handlers are called, and then the after-request functions for their response."""
    app = Unavailable(place)
    assert app.test_client().get("/write/ada").status_code == 503
    assert app.seen[-1] == "503 SERVICE UNAVAILABLE"
    app = Unavailable(place)
    app.register_error_handler(503, lambda error: (f"Sorry, {session.get('user')}.", 503))
    response = app.test_client().get("/write/ada")
    assert (response.status_code, response.text.startswith("Sorry, ")) == (503, True)


def test_it_is_a_503_in_an_error_handler() -> None:
    """Opening it for the page of an error is one, too."""
    app = Unavailable("open")
    app.register_error_handler(404, lambda error: (str(session.get("user")), 404))
    assert app.test_client().get("/missing").status_code == 503


def test_an_error_handler_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """The page of a 503 that cannot be made is replaced by a plain one, and logged."""
    app = Unavailable("save")
    app.register_error_handler(503, lambda error: 1 / 0)
    assert app.test_client().get("/write/ada").status_code == 503
    assert "Handling a session that is not available failed" in caplog.text


def test_it_is_trapped() -> None:
    """TRAP_HTTP_EXCEPTIONS makes it an exception, as any HTTP exception."""
    app = Unavailable("save")
    app.testing = True
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    with pytest.raises(SessionUnavailable):
        app.test_client().get("/write/ada")
