"""Typed use of coroutine functions, streams and server-sent events; read by mypy, not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from cocopot import (
    Blueprint,
    Cocopot,
    Response,
    ServerSentEvent,
    after_this_request,
    event_stream,
    hookimpl,
    request,
    stream_with_context,
)
from cocopot.views import MethodView, View

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from cocopot.coroutines import AnyCoroutine, CoroutineOutcome

app = Cocopot(__name__)
bp = Blueprint("bp", __name__)


# -- functions -------------------------------------------------------------


@app.before_request
@bp.before_app_request
async def before() -> None: ...


@app.after_request
async def after(response: Response) -> Response:
    @after_this_request
    async def once(response: Response) -> None: ...

    return response


@app.teardown_request
@app.teardown_appcontext
async def teardown(exc: BaseException | None) -> None: ...


@app.on_startup
@app.on_shutdown
async def at_both_ends() -> None: ...


@app.errorhandler(404)
async def missing(error: Exception) -> tuple[str, int]:
    return "missing", 404


@app.get("/<int:number>")
async def show(number: int) -> dict[str, int]:
    return {"number": number}


app.add_url_rule("/show", "show", show)
app.add_url_rule("/lambda", "lambda", lambda: show(1))
assert_type(app.ensure_sync(show)(1), dict[str, int])
assert_type(app.async_to_sync(show)(1), dict[str, int])
assert_type(app.ensure_sync(len)("text"), int)


# -- class-based views -----------------------------------------------------


class Page(View):
    async def dispatch_request(self, name: str) -> str:
        return name


class Item(MethodView):
    async def get(self, number: int) -> str:
        return str(number)

    def post(self, number: int) -> str:
        return str(number)


app.add_url_rule("/page/<name>", view_func=Page.as_view("page"))
app.add_url_rule("/item/<int:number>", view_func=Item.as_view("item"))


# -- streams ---------------------------------------------------------------


@app.get("/stream")
async def stream() -> AsyncIterator[str]:
    yield "text"


@app.get("/returned")
async def returned() -> tuple[AsyncIterator[str], int]:
    return stream(), 201


pieces: Iterator[str] = stream_with_context(stream())
pieces = stream_with_context(stream)()


async def generate() -> AsyncIterator[ServerSentEvent | str]:
    yield "data"
    yield ServerSentEvent({"a": 1}, event="name", id="7", retry=1000, comment="text")


@app.get("/events")
def events() -> Response:
    assert_type(request.last_event_id, str | None)
    event_stream(["text", ServerSentEvent()], heartbeat=None)
    return event_stream(generate(), heartbeat=2.5)


# -- overrides -------------------------------------------------------------


class Own(Cocopot):
    def async_to_sync(self, func: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        return super().async_to_sync(func)


class Plugin:
    @hookimpl
    def cocopot_run_coroutine(self, app: Cocopot, coroutine: AnyCoroutine) -> CoroutineOutcome | None:
        return None
