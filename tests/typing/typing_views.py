"""Everything that a view may return, as mypy sees it; not run."""

from __future__ import annotations

import typing as t
from http import HTTPStatus

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import Cocopot, Request, Response, abort, make_response, send_file, stream_with_context
from cocopot.exceptions import NotFound
from cocopot.views import MethodView, View

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cocopot.types import ResponseValue, StartResponse, WSGIEnvironment

app = Cocopot(__name__)


class Member(t.TypedDict):
    name: str


@app.get("/str")
def text() -> str:
    return "text"


@app.get("/bytes")
def octets() -> bytes:
    return b"octets"


@app.get("/bytearray")
def array() -> bytearray:
    return bytearray(b"octets")


@app.get("/dict")
def mapping() -> dict[str, t.Any]:
    return {"n": 1}


@app.get("/list")
def sequence() -> list[int]:
    return [1]


@app.get("/typed-dict")
def typed_dict() -> Member:
    return {"name": "Ada"}


@app.get("/typed-dicts")
def typed_dicts() -> list[Member]:
    return [{"name": "Ada"}]


@app.get("/generator")
def generator() -> Iterator[str]:
    yield "text"


@app.get("/generator-of-bytes")
def generator_of_bytes() -> t.Generator[bytes, None, None]:
    yield b"octets"


@app.get("/stream")
def stream() -> Iterator[str]:
    return stream_with_context(str(n) for n in range(3))


@app.get("/response")
def response() -> Response:
    return make_response("text", 201, {"X-Seen": "1"})


@app.get("/werkzeug")
def werkzeug_response() -> WerkzeugResponse:
    return WerkzeugResponse("text")


@app.get("/file")
def file() -> Response:
    return send_file("file.txt", as_attachment=True)


@app.get("/error")
def error() -> t.NoReturn:
    abort(404, description="Nothing here.")


@app.get("/exception")
def exception() -> NotFound:
    return NotFound()


@app.get("/status")
def with_status() -> tuple[str, int]:
    return "text", 201


@app.get("/http-status")
def with_http_status() -> tuple[str, HTTPStatus]:
    return "text", HTTPStatus.CREATED


@app.get("/headers")
def with_headers() -> tuple[str, dict[str, str]]:
    return "text", {"X-Seen": "1"}


@app.get("/header-list")
def with_header_list() -> tuple[str, list[tuple[str, str]]]:
    return "text", [("X-Seen", "1")]


@app.get("/header-object")
def with_header_object() -> tuple[bytes, int, Headers]:
    return b"octets", 201, Headers({"X-Seen": "1"})


@app.get("/all")
def with_all() -> tuple[dict[str, int], int, dict[str, str]]:
    return {"n": 1}, 201, {"X-Seen": "1"}


@app.get("/wsgi")
def wsgi() -> t.Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    return application


# Each of them is a view, and what each returns is a value that a view may return.
app.add_url_rule("/1", view_func=text)
app.add_url_rule("/2", view_func=octets)
app.add_url_rule("/3", view_func=array)
app.add_url_rule("/4", view_func=mapping)
app.add_url_rule("/5", view_func=sequence)
app.add_url_rule("/6", view_func=typed_dict)
app.add_url_rule("/7", view_func=typed_dicts)
app.add_url_rule("/8", view_func=generator)
app.add_url_rule("/9", view_func=generator_of_bytes)
app.add_url_rule("/10", view_func=stream)
app.add_url_rule("/11", view_func=response)
app.add_url_rule("/12", view_func=werkzeug_response)
app.add_url_rule("/13", view_func=file)
app.add_url_rule("/14", view_func=error)
app.add_url_rule("/15", view_func=exception)
app.add_url_rule("/16", view_func=with_status)
app.add_url_rule("/17", view_func=with_http_status)
app.add_url_rule("/18", view_func=with_headers)
app.add_url_rule("/19", view_func=with_header_list)
app.add_url_rule("/20", view_func=with_header_object)
app.add_url_rule("/21", view_func=with_all)
app.add_url_rule("/22", view_func=wsgi)


def no_view() -> None: ...


def no_body() -> int:
    return 3


# A view must return something, and no number.
app.add_url_rule("/wrong", view_func=no_view)  # type: ignore[arg-type]
app.add_url_rule("/wrong", view_func=no_body)  # type: ignore[arg-type]


# -- class-based views -----------------------------------------------------


class Hello(View):
    methods: t.ClassVar[list[str]] = ["GET", "POST"]

    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    def dispatch_request(self, name: str) -> str:
        return f"{self.greeting} {name}"


class Items(MethodView):
    init_every_request = False

    def get(self, item_id: int) -> ResponseValue:
        return {"id": item_id}

    def delete(self, item_id: int) -> tuple[str, int]:
        return f"{item_id} is gone", 204


app.add_url_rule("/hello/<name>", view_func=Hello.as_view("hello", greeting="Hello"))
app.add_url_rule("/items/<int:item_id>", view_func=Items.as_view("items"))


class ShopRequest(Request):
    @property
    def customer(self) -> str:
        return self.headers.get("X-Customer", "")


class Shop(Cocopot):
    request_class = ShopRequest
