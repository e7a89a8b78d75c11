from __future__ import annotations

import gc
import io
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.http import http_date
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import (
    Cocopot,
    Response,
    abort,
    after_this_request,
    copy_current_request_context,
    hookimpl,
    jsonify,
    make_response,
    redirect,
    send_file,
    send_from_directory,
    session,
    stream_with_context,
)
from cocopot.exceptions import ImATeapot, InternalServerError, NotFound
from cocopot.json import DefaultJSONProvider
from cocopot.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def app(tmp_path: Path) -> Cocopot:
    app = Cocopot("tests_of_helpers", autoload=False, root_path=str(tmp_path))
    app.testing = True
    (tmp_path / "digits.txt").write_text("0123456789")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "in.txt").write_text("inside")
    return app


@pytest.fixture
def ends(app: Cocopot) -> list[str]:
    """Return a list in which each teardown of a request is noted."""
    seen: list[str] = []
    app.teardown_request(lambda exc: seen.append(f"end {exc!r}"))
    return seen


def answer(app: Cocopot, view: Callable[[], Any], **kwargs: Any) -> Any:
    """Return the response that a client gets from a view."""
    app.add_url_rule("/view", "view", view)
    return app.test_client().get("/view", buffered=True, **kwargs)


class TestRedirect:
    @pytest.mark.parametrize("code", [301, 302, 303, 305, 307, 308])
    def test_code(self, app: Cocopot, code: int) -> None:
        """A redirect has the status and the location that were passed."""
        response = answer(app, lambda: redirect("/next?q=ü", code))
        assert (response.status_code, response.headers["Location"]) == (code, "/next?q=%C3%BC")

    def test_class(self, app: Cocopot) -> None:
        """The response is of the application's class, or of the one that was passed."""

        class Own(Response):
            pass

        class Given(Response):
            pass

        app.response_class = Own
        with app.app_context():
            assert type(redirect("/")) is Own
            assert type(redirect("/", response_class=Given)) is Given
        assert isinstance(redirect("/"), WerkzeugResponse)


class TestAbort:
    def test_code(self) -> None:
        """A status code raises the exception of that code, with the other arguments."""
        with pytest.raises(NotFound) as caught:
            abort(404, "no such note")
        assert caught.value.description == "no such note"
        with pytest.raises(ImATeapot):
            abort(418)

    def test_response(self, app: Cocopot) -> None:
        """A response is what the client gets."""
        assert answer(app, lambda: abort(Response("stop", 202))).text == "stop"

    def test_unknown(self) -> None:
        """A code without an exception is an error."""
        with pytest.raises(LookupError, match="299"):
            abort(299)


class TestMakeResponse:
    @pytest.mark.parametrize(
        ("args", "status", "body"),
        [
            ((), 200, b""),
            (("x",), 200, b"x"),
            (("x", 201), 201, b"x"),
            ((b"x", 202, {"A": "b"}), 202, b"x"),
            ((("x", 203),), 203, b"x"),
            (({"a": 1},), 200, b'{"a":1}\n'),
        ],
    )
    def test_values(self, app: Cocopot, args: tuple[Any, ...], status: int, body: bytes) -> None:
        """The response is the one that a view would give by returning the arguments."""
        with app.test_request_context():
            response = make_response(*args)
            assert (response.status_code, response.data) == (status, body)
            assert type(response) is app.response_class

    def test_outside(self, app: Cocopot) -> None:
        """A response is created for a request, so there must be one."""
        with app.app_context(), pytest.raises(RuntimeError, match="outside of a request context"):
            make_response("x")


class TestJsonify:
    def test_values(self, app: Cocopot) -> None:
        """One value is itself, several are a list, names are an object, nothing is null."""
        with app.app_context():
            assert [jsonify(1).json, jsonify(1, 2).json, jsonify(a=1).json] == [1, [1, 2], {"a": 1}]
            assert jsonify().data == b"null\n"
            assert jsonify([]).mimetype == "application/json"

    def test_refused(self, app: Cocopot) -> None:
        """Values combined with names, and values that cannot be serialized, are errors."""
        with app.app_context():
            with pytest.raises(TypeError):
                jsonify(1, a=2)
            with pytest.raises(TypeError):
                jsonify(object())


class TestSendFile:
    def test_path(self, app: Cocopot) -> None:
        """A file below the root path is sent with its type, length, date and entity tag."""
        response = answer(app, lambda: send_file("digits.txt"))
        assert (response.data, response.mimetype, response.content_length) == (
            b"0123456789",
            "text/plain",
            10,
        )
        assert response.last_modified is not None
        assert response.get_etag()[0]
        assert response.cache_control.no_cache

    def test_conditional(self, app: Cocopot) -> None:
        """A client that has the file already gets 304, by entity tag or by date."""
        response = answer(app, lambda: send_file("digits.txt"))
        client = app.test_client()
        for headers in (
            {"If-None-Match": response.headers["ETag"]},
            {"If-Modified-Since": http_date(response.last_modified)},
        ):
            again = client.get("/view", headers=headers, buffered=True)
            assert (again.status_code, again.data) == (304, b"")

    @pytest.mark.parametrize(
        ("wanted", "status", "body"),
        [
            ("bytes=2-4", 206, b"234"),
            ("bytes=-3", 206, b"789"),
            ("bytes=8-", 206, b"89"),
            ("bytes=99-", 416, None),
        ],
    )
    def test_range(self, app: Cocopot, wanted: str, status: int, body: bytes | None) -> None:
        """A range of bytes is sent, and one beyond the end is a 416."""
        response = answer(app, lambda: send_file("digits.txt"), headers={"Range": wanted})
        assert response.status_code == status
        assert body is None or response.data == body

    def test_unconditional(self, app: Cocopot) -> None:
        """On demand a file is always sent whole, without entity tag."""
        view = lambda: send_file("digits.txt", conditional=False, etag=False)  # noqa: E731
        response = answer(app, view, headers={"Range": "bytes=2-4"})
        assert (response.status_code, response.data) == (200, b"0123456789")
        assert response.get_etag() == (None, None)

    def test_attachment(self, app: Cocopot) -> None:
        """A download has a name, the file's own or another, beyond ASCII too."""
        response = answer(
            app, lambda: send_file("digits.txt", as_attachment=True, download_name="zählen.txt")
        )
        value = response.headers["Content-Disposition"]
        assert value == "attachment; filename=zahlen.txt; filename*=UTF-8''z%C3%A4hlen.txt"

    def test_attributes(self, app: Cocopot) -> None:
        """Type, entity tag and date can be passed."""
        response = answer(app, lambda: send_file("digits.txt", "text/x-own", etag="own", last_modified=0))
        assert (response.mimetype, response.headers["ETag"]) == ("text/x-own", '"own"')
        assert response.headers["Last-Modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"

    @pytest.mark.parametrize(
        ("given", "configured", "age"),
        [(None, 60, 60), (5, 60, 5), (0, 60, 0), (lambda path: len(path or ""), 60, 99), (None, None, None)],
    )
    def test_max_age(self, app: Cocopot, given: Any, configured: int | None, age: int | None) -> None:
        """The age is the one that was passed, that of a function of the path, or the configured one."""
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = configured
        response = answer(app, lambda: send_file("digits.txt", max_age=given))
        expected = len(f"{app.root_path}/digits.txt") if callable(given) else age
        assert response.cache_control.max_age == expected

    def test_file_object(self, app: Cocopot) -> None:
        """A file that is open for reading bytes is sent too, and needs a name or a type."""
        response = answer(app, lambda: send_file(io.BytesIO(b"abc"), download_name="a.bin"))
        assert (response.data, response.mimetype) == (b"abc", "application/octet-stream")
        with app.test_request_context(), pytest.raises(TypeError, match="mimetype"):
            send_file(io.BytesIO())

    def test_text_file(self, app: Cocopot) -> None:
        """A text file is an error, because its length in bytes is not known."""
        with app.test_request_context(), pytest.raises(ValueError, match="binary mode"):
            send_file(io.StringIO("x"), "text/plain")  # type: ignore[arg-type]

    def test_server_sends(self, app: Cocopot) -> None:
        """With USE_X_SENDFILE a header contains the path instead."""
        app.config["USE_X_SENDFILE"] = True
        response = answer(app, lambda: send_file("digits.txt"))
        assert (response.headers["X-Sendfile"], response.data) == (f"{app.root_path}/digits.txt", b"")

    def test_missing(self, app: Cocopot) -> None:
        """A path that the application gives and that is not there is its mistake, not a 404."""
        with app.test_request_context(), pytest.raises(FileNotFoundError):
            send_file("missing.txt")


class TestSendFromDirectory:
    def test_below(self, app: Cocopot) -> None:
        """A file below the directory is sent, with the options of `send_file`."""
        response = answer(app, lambda: send_from_directory("folder", "in.txt", max_age=3, as_attachment=True))
        assert (response.data, response.cache_control.max_age) == (b"inside", 3)
        assert "attachment" in response.headers["Content-Disposition"]

    @pytest.mark.parametrize(
        "path",
        [
            *("../digits.txt", "../folder/in.txt", "in.txt/../../digits.txt", "missing", "a\0b", "\ud800"),
            *("in.txt/", "in.txt//", "in.txt/.", "in.txt/./", "in.txt/..", "in.txt/../in.txt", "in.txt\\"),
            *("", ".", "./", "..", "/", "//", "sub", "sub/", "sub/..", "missing/../in.txt", "a" * 5000),
            *("sub/" * 2000, "..\\digits.txt", "sub\\..\\in.txt", "/etc/passwd", "//etc/passwd", "C:/in.txt"),
        ],
    )
    def test_not_found(self, app: Cocopot, path: str) -> None:
        """What leads out of the directory, or is not the path of a file, is not found; nor is `file/`."""
        Path(app.root_path, "folder", "sub").mkdir()
        for directory in ("folder", f"{app.root_path}/folder", Path("folder")):
            with app.test_request_context(), pytest.raises(NotFound):
                send_from_directory(directory, path)

    def test_an_absolute_path_inside(self, app: Cocopot) -> None:
        """The path is one below the directory, also where an absolute path leads to the same file."""
        with app.test_request_context(), pytest.raises(NotFound):
            send_from_directory("folder", f"{app.root_path}/folder/in.txt")

    def test_static_files(self, app: Cocopot) -> None:
        """The URL of a static file ends with the file; nothing may follow it."""
        (Path(app.root_path) / "static").mkdir()
        (Path(app.root_path) / "static" / "a.txt").write_text("a")
        client = app.test_client()
        paths = ("a.txt", "a.txt/", "a.txt//", "a.txt/.", "a.txt%2f", "a.txt%00", "", ".", "..")
        for path in paths:
            with client.get(f"/static/{path}", follow_redirects=True) as response:
                assert response.status_code == (200 if path == "a.txt" else 404)


class TestAfterThisRequest:
    def test_order(self, app: Cocopot) -> None:
        """The functions run in order, before the after-request functions, each with the previous result."""
        seen: list[str] = []
        app.after_request(lambda response: seen.append(f"last {response.get_data(True)}"))

        def view() -> str:
            after_this_request(lambda response: seen.append(f"first {response.get_data(True)}"))
            after_this_request(lambda response: Response("other"))
            after_this_request(lambda response: seen.append(f"third {response.get_data(True)}"))
            return "view"

        assert answer(app, view).text == "other"
        assert seen == ["first view", "third other", "last other"]

    def test_decorator_and_one_inside(self, app: Cocopot) -> None:
        """It decorates, and a function may register another one, which runs after it."""
        seen: list[str] = []

        def view() -> str:
            @after_this_request
            def first(response: Response) -> None:
                seen.append("first")
                after_this_request(lambda response: seen.append("inside"))

            assert first.__name__ == "first"
            return ""

        answer(app, view)
        answer_again = app.test_client().get("/view")
        assert (answer_again.status_code, seen) == (200, ["first", "inside"] * 2)

    def test_before_request(self, app: Cocopot) -> None:
        """A before-request function can use it, also if it returns the response."""

        @app.before_request
        def stop() -> str:
            after_this_request(lambda response: response.headers.set("X-After", "1"))
            return "stopped"

        assert answer(app, lambda: "").headers["X-After"] == "1"

    def test_error(self, app: Cocopot) -> None:
        """One that raises makes a 500, for which those after it still run, and it does not run again."""
        app.testing = False
        seen: list[str] = []

        def fail(response: Response) -> None:
            seen.append("fail")
            raise ValueError

        def view() -> str:
            after_this_request(fail)
            after_this_request(lambda response: seen.append(response.status))
            return ""

        assert answer(app, view).status_code == 500
        assert seen == ["fail", "500 INTERNAL SERVER ERROR"]

    def test_not_a_response(self, app: Cocopot) -> None:
        """One that returns something else than a response or nothing is named as the mistake."""
        with pytest.raises(TypeError, match="a function passed to after_this_request"):
            answer(app, lambda: repr(after_this_request(lambda response: "text")))

    def test_outside(self) -> None:
        """Outside of a request there is no response to wait for."""
        with pytest.raises(RuntimeError, match="outside of a request context"):
            after_this_request(lambda response: None)

    @pytest.mark.parametrize(
        "hook",
        [
            "cocopot_after_request",
            "cocopot_save_session",
            "cocopot_teardown_request",
            "cocopot_teardown_app_context",
            "cocopot_response_closed",
        ],
    )
    @pytest.mark.parametrize("is_streamed", [False, True])
    def test_too_late(self, hook: str, is_streamed: bool) -> None:
        """From the after-request hooks on it raises, and names the function and what to use instead."""
        errors: list[str] = []

        def register(self: object) -> bool | None:
            with pytest.raises(
                RuntimeError, match=r"\.late\) was called too late: .*view.* error handler"
            ) as info:
                after_this_request(late)
            errors.append(str(info.value))
            return hook == "cocopot_save_session" or None

        def late(response: Response) -> None:
            errors.append("called")

        hooks = {"cocopot_open_session": hookimpl(lambda self: Session()), hook: hookimpl(register)}
        app = Cocopot("late", autoload=False, plugins=[type("Late", (), hooks)()])
        app.testing = True
        stream = stream_with_context(lambda: iter(("a", "b")))
        assert answer(app, lambda: (session.get("a"), stream() if is_streamed else "ab")[1]).text == "ab"
        assert len(errors) == 1
        assert ("after-request hooks" in errors[0]) == (
            hook in ("cocopot_after_request", "cocopot_save_session")
        )

    def test_in_a_stream(self, app: Cocopot) -> None:
        """In a streamed body it raises: the head of the response has been sent."""

        @stream_with_context
        def stream() -> Iterator[str]:
            after_this_request(lambda response: None)
            yield "never"

        with pytest.raises(RuntimeError, match="the response is with the server"):
            answer(app, stream)

    def test_after_an_after_request_function_that_fails(self, app: Cocopot) -> None:
        """The error handler for what an after-request function raises may use it: there is a new response."""
        app.testing = False
        app.after_request(lambda response: abort(418) if response.status_code == 200 else None)

        @app.errorhandler(500)
        def handle(error: InternalServerError) -> tuple[str, int]:
            after_this_request(lambda response: response.headers.set("X-After", "1"))
            return "handled", 500

        response = answer(app, lambda: "text")
        assert (response.text, response.headers["X-After"]) == ("handled", "1")

    def test_while_the_response_is_made(self, app: Cocopot) -> None:
        """What makes the response, such as the JSON provider, may use it."""

        class Provider(DefaultJSONProvider):
            def dumps(self, obj: object, **options: Any) -> str:
                after_this_request(lambda response: response.headers.set("X-After", "1"))
                return super().dumps(obj, **options)

        app.json = Provider(app)
        assert answer(app, lambda: {"a": 1}).headers["X-After"] == "1"

    def test_in_another_thread(self, app: Cocopot) -> None:
        """In a copy of the request context it concerns the request's response, until that is sent."""
        registered: list[Callable[[], object]] = []

        def view() -> str:
            register = copy_current_request_context(
                lambda: after_this_request(lambda response: response.headers.add("X-After", "1"))
            )
            registered.append(register)
            thread = Thread(target=register)
            thread.start()
            thread.join()
            return ""

        assert answer(app, view).headers.getlist("X-After") == ["1"]
        with pytest.raises(RuntimeError, match="was called too late"):
            registered[0]()


def test_a_download_name_has_no_control_characters(tmp_path: Path) -> None:
    """A name that is passed is refused; a file's own name is changed, so that the file can be sent."""
    app = Cocopot(__name__, autoload=False)
    (tmp_path / "a\tb\n\x01.txt").write_text("text")
    with app.test_request_context("/"):
        for name in ("a\0", "a\nb", "a\x7f"):
            with pytest.raises(ValueError, match="The download name contains"):
                send_file(io.BytesIO(b""), mimetype="text/plain", download_name=name)
            with pytest.raises(ValueError, match="The download name contains"):
                send_from_directory(tmp_path, "a\tb\n\x01.txt", download_name=name)
        for response in (
            send_from_directory(tmp_path, "a\tb\n\x01.txt"),
            send_file(tmp_path / "a\tb\n\x01.txt"),
        ):
            assert response.headers["Content-Disposition"] == 'inline; filename="a\tb__.txt"'
            response.close()
        named = send_file(io.BytesIO(b""), mimetype="text/plain", download_name="\u20ac.txt")
        assert "filename*=UTF-8''%E2%82%AC.txt" in named.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "options",
    [{"etag": "a\u0100"}, {"etag": 'a"b'}, {"etag": "\0"}, {"mimetype": "a\0"}, {"download_name": "\0"}],
)
def test_a_file_that_cannot_be_sent_is_closed(app: Cocopot, tmp_path: Path, options: dict[str, Any]) -> None:
    """An invalid option is a `ValueError`, and leaves no file open."""
    (tmp_path / "a.txt").write_text("text")
    with app.test_request_context("/"):
        with pytest.raises(ValueError, match=r"newlines|Latin-1|invalid etag"):
            send_file("a.txt", **options)
        with pytest.raises(ValueError, match=r"newlines|Latin-1|invalid etag"):
            send_from_directory("", "a.txt", **options)
    gc.collect()  # a file that is still open would be a warning here


def test_after_this_request_rejects_a_generator_function(app: Cocopot) -> None:
    """A function with a `yield` is refused where it is passed, by its name."""

    def add_header(response: object) -> Any:
        yield response

    with app.test_request_context(), pytest.raises(TypeError, match="add_header has a `yield`"):
        after_this_request(add_header)
