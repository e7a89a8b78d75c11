"""`async def` functions of applications and blueprints, wherever one may be registered."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import (
    Blueprint,
    Cocopot,
    PluginError,
    after_this_request,
    current_app,
    g,
    has_request_context,
    hookimpl,
    request,
    url_for,
)
from cocopot.coroutines import Synchronous
from cocopot.hooks.results import ResultError
from cocopot.views import MethodView, View

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from cocopot import Response


@pytest.fixture
def app() -> Iterator[Cocopot]:
    """An application whose exceptions reach the test; it is closed at the end."""
    app = Cocopot("birds", autoload=False)
    app.testing = True
    yield app
    app.close()


def sync_decorator(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain function that calls another one, as most decorators do."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Caller:
    async def __call__(self, name: str = "nobody") -> str:
        await asyncio.sleep(0)
        return name


async def greet(greeting: str = "Hello", name: str = "nobody") -> str:
    await asyncio.sleep(0)
    return f"{greeting} {name}"


@pytest.mark.parametrize(
    ("view", "text"),
    [
        (greet, "Hello wren"),
        (functools.partial(greet, "Hi"), "Hi wren"),
        (sync_decorator(greet), "Hello wren"),
        (sync_decorator(sync_decorator(functools.partial(greet))), "Hello wren"),
        (Caller(), "wren"),
        (Caller().__call__, "wren"),
    ],
)
@pytest.mark.parametrize("registrar", ["app", "blueprint"])
def test_views(app: Cocopot, view: Callable[..., Any], text: str, registrar: str) -> None:
    """A view may be any sort of coroutine function, also below a decorator that only calls it."""
    blueprint = Blueprint("bp", __name__)
    (app if registrar == "app" else blueprint).add_url_rule("/<name>", "view", view)
    app.register_blueprint(blueprint)
    assert [app.test_client().get("/wren").text for _ in range(2)] == [text, text]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="inspect.markcoroutinefunction is new in Python 3.12")
def test_a_marked_function(app: Cocopot) -> None:
    """A function that is marked as a coroutine function is one."""
    mark: Callable[..., Any] = getattr(inspect, "markcoroutinefunction")  # noqa: B009 - Python 3.12
    app.add_url_rule("/<name>", "view", mark(lambda name: greet("Hi", name)))
    assert app.test_client().get("/wren").text == "Hi wren"


def test_a_view_without_a_decorator(app: Cocopot) -> None:
    """Views that are assigned, and two rules for one, work as those of plain functions."""
    app.add_url_rule("/a", endpoint="a")
    app.add_url_rule("/b", "b", greet)
    app.view_functions["a"] = greet
    app.add_url_rule("/c", "b", greet)
    assert app.view_functions["b"] is greet
    texts = {app.test_client().get(path).text for path in ("/a", "/b", "/c")}
    assert texts == {"Hello nobody"}


def test_functions_around_the_view(app: Cocopot) -> None:
    """Each may be a coroutine function, of the application and of a blueprint; they run in the same order."""
    calls: list[str] = []
    bp = Blueprint("bp", __name__, url_prefix="/bp")

    def register(registrar: Any, name: str, result: Any = None) -> None:
        async def function(*args: Any) -> Any:
            await asyncio.sleep(0)
            if has_request_context():  # unlike at the end of the startup hooks
                calls.append(f"{'bp' if registrar is bp else 'app'} {name} {request.endpoint}")
            return result

        getattr(registrar, name)(function)

    for name in ("before_request", "after_request", "teardown_request", "url_value_preprocessor"):
        register(app, name)
        register(bp, name)
    register(bp, "before_app_request")
    register(app, "teardown_appcontext")
    bp.add_url_rule("/", "view", greet)
    app.register_blueprint(bp)
    assert app.test_client().get("/bp/").text == "Hello nobody"
    assert calls == [
        f"{step} bp.view"
        for step in (
            *("app url_value_preprocessor", "bp url_value_preprocessor"),
            *("app before_request", "bp before_app_request", "bp before_request"),
            *("bp after_request", "app after_request", "bp teardown_request", "app teardown_request"),
            "app teardown_appcontext",
        )
    ]


def test_results_are_used(app: Cocopot) -> None:
    """What a coroutine function returns counts as what a plain one returns."""

    @app.before_request
    async def answer() -> str | None:
        return "before" if "before" in request.args else None

    @app.after_request
    async def add_header(response: Response) -> Response:
        response.headers["X-After"] = "yes"
        return response

    @app.get("/")
    async def index() -> dict[str, str]:
        @after_this_request
        async def add_another(response: Response) -> None:
            response.headers["X-This"] = "yes"

        return {"a": "b"}

    response = app.test_client().get("/")
    assert (response.json, response.headers["X-After"], response.headers["X-This"]) == (
        {"a": "b"},
        "yes",
        "yes",
    )
    assert app.test_client().get("/?before").text == "before"


@pytest.mark.parametrize("decorate", [lambda function: function, sync_decorator])
def test_error_handlers(app: Cocopot, decorate: Callable[..., Any]) -> None:
    """A handler may be a coroutine function, and the exception may come from one."""
    bp = Blueprint("bp", __name__, url_prefix="/bp")

    async def handle(error: Exception) -> tuple[str, int]:
        return f"{type(error).__name__} {request.path}", 418

    async def fail() -> str:
        raise KeyError("wren")

    app.errorhandler(KeyError)(decorate(handle))
    bp.errorhandler(KeyError)(decorate(handle))
    bp.app_errorhandler(404)(decorate(handle))
    app.add_url_rule("/", "fail", fail)
    bp.add_url_rule("/", "fail", fail)
    app.register_blueprint(bp)
    client = app.test_client()
    assert client.get("/").text == "KeyError /"
    assert client.get("/bp/").text == "KeyError /bp/"
    assert client.get("/missing").text == "NotFound /missing"
    del app.error_handler_spec[None][KeyError]
    with pytest.raises(KeyError):
        client.get("/")


def test_start_and_end(app: Cocopot) -> None:
    """Functions of `on_startup` and `on_shutdown` may be coroutine functions; both use one event loop."""
    loops: list[object] = []

    @app.on_startup
    @app.on_shutdown
    async def note_loop() -> None:
        loops.append(asyncio.get_running_loop())
        assert current_app == app

    app.start()
    app.close()
    assert len(loops) == 2
    assert loops[0] is loops[1]


@pytest.mark.parametrize("init_every_request", [True, False])
def test_class_based_views(app: Cocopot, init_every_request: bool) -> None:
    """`dispatch_request` may be a coroutine function; decorators get a plain function, as in Flask."""
    created: list[str] = []
    decorated: list[object] = []

    def note(view: Callable[..., Any]) -> Callable[..., Any]:
        decorated.append(view)
        return view

    class Greeting(View):
        decorators = (note,)

        def __init__(self, greeting: str) -> None:
            created.append(greeting)
            self.greeting = greeting

        async def dispatch_request(self, name: str) -> str:
            return await greet(self.greeting, name)

    Greeting.init_every_request = init_every_request
    app.add_url_rule("/<name>", view_func=Greeting.as_view("greeting", "Hi"))
    assert [app.test_client().get("/wren").text for _ in range(2)] == ["Hi wren"] * 2
    assert len(created) == (2 if init_every_request else 1)
    assert [inspect.iscoroutinefunction(view) for view in decorated] == [False]


def test_method_views(app: Cocopot) -> None:
    """Each method may be a coroutine function; a plain one runs in the thread of the request."""

    class Thread(MethodView):
        init_every_request = False

        async def get(self) -> str:
            return threading.current_thread().name

        def post(self) -> str:
            return threading.current_thread().name

    class Inherited(Thread):
        @sync_decorator
        async def put(self) -> str:
            return await super().get()

    app.add_url_rule("/", view_func=Inherited.as_view("view"))
    client, own = app.test_client(), threading.current_thread().name
    assert (client.get("/").text, client.post("/").text, client.put("/").text) == (
        "cocopot-event-loop",
        own,
        "cocopot-event-loop",
    )
    assert client.head("/").status_code == 200


def test_context(app: Cocopot) -> None:
    """`request`, `g` and `current_app` are those of the request, also in tasks that the view starts."""

    async def task() -> list[str]:
        await asyncio.sleep(0)
        return [request.path, g.bird, current_app.name, url_for("index")]

    @app.before_request
    async def set_bird() -> None:
        g.bird = "wren"

    @app.get("/")
    async def index() -> list[list[str]]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(task()) for _ in range(2)]
        return [await task(), *(task.result() for task in tasks)]

    assert app.test_client().get("/").json == [["/", "wren", "birds", "/"]] * 3


def test_context_variables(app: Cocopot) -> None:
    """What a coroutine sets is seen by the request afterwards, and by its later coroutines."""
    variable = contextvars.ContextVar[str]("variable", default="unset")
    seen: list[str] = []

    @app.before_request
    async def set_variable() -> None:
        seen.append(variable.get())
        variable.set("set")

    @app.get("/")
    async def index() -> str:
        return variable.get()

    app.teardown_request(lambda exc: seen.append(variable.get()))
    assert contextvars.copy_context().run(app.test_client().get, "/").text == "set"
    assert seen == ["unset", "set"]


def test_an_exception_keeps_its_traceback(app: Cocopot) -> None:
    """The frames of the view are the last ones of the traceback; there are none of asyncio."""

    async def inner() -> None:
        raise KeyError("wren")

    @app.get("/")
    async def index() -> str:
        await inner()
        return "never"

    with pytest.raises(KeyError) as caught:
        app.test_client().get("/")
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames[-2:]] == ["index", "inner"]
    assert not [frame for frame in frames if "asyncio" in frame.filename]
    assert not getattr(caught.value, "__notes__", [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_the_request(app: Cocopot, error: type[BaseException]) -> None:
    """A `KeyboardInterrupt` or a `SystemExit` of a view ends its request, not the event loop."""

    @app.get("/broken")
    async def broken() -> str:
        raise error

    app.add_url_rule("/", "greet", greet)
    with pytest.raises(error):
        app.test_client().get("/broken")
    assert app.test_client().get("/").text == "Hello nobody"


def test_a_nested_call_is_an_error(app: Cocopot) -> None:
    """In the thread of the event loop a coroutine function cannot be called as a plain one: it would hang."""

    @app.get("/wrong")
    async def wrong() -> str:
        return app.async_to_sync(greet)()

    @app.get("/right")
    async def right() -> str:
        return await greet() + await asyncio.to_thread(app.ensure_sync(greet), "and", request.path)

    with pytest.raises(RuntimeError, match=r"would wait for itself.*await asyncio\.to_thread"):
        app.test_client().get("/wrong")
    assert app.test_client().get("/right").text == "Hello nobodyand /right"


def test_a_coroutine_from_a_plain_function(app: Cocopot) -> None:
    """A coroutine that no declaration announces is an error with the cure, and is not reported by Python."""
    app.add_url_rule("/", "index", lambda: greet())  # noqa: PLW0108 - a plain function
    with pytest.raises(ResultError, match=r"returned a 'coroutine'.*@functools\.wraps .*app\.ensure_sync"):
        app.test_client().get("/")
    gc.collect()


class Shouting(Cocopot):
    """An application that runs coroutines in its own way."""

    def async_to_sync(self, func: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        return lambda *args, **kwargs: asyncio.run(func(*args, **kwargs)).upper()


def test_an_override_of_async_to_sync() -> None:
    """An application that overrides `async_to_sync` runs every coroutine function itself."""
    app = Shouting("birds", autoload=False)
    app.add_url_rule("/", "greet", greet)
    assert app.ensure_sync(greet)("Hi") == "HI NOBODY"
    assert app.test_client().get("/").text == "HELLO NOBODY"


def test_an_override_of_ensure_sync(app: Cocopot) -> None:
    """An override of `ensure_sync` is used, also if it is set after the view was registered."""
    app.add_url_rule("/", "greet", greet)
    assert app.test_client().get("/").text == "Hello nobody"
    setattr(app, "ensure_sync", lambda function: lambda: function.__name__)  # noqa: B010 - a method
    assert app.test_client().get("/").text == "greet"


def test_plain_functions_are_called_themselves(app: Cocopot) -> None:
    """A plain function is registered as it is, and `ensure_sync` returns it."""

    @sync_decorator
    def view() -> str:
        return "view"

    app.add_url_rule("/", "view", view)
    app.test_client().get("/")
    assert app.view_functions["view"] is view
    assert app.ensure_sync(view) is view
    assert not isinstance(app.ensure_sync(Synchronous(view)), type(view))


def test_other_functions_may_not_be_coroutines(app: Cocopot) -> None:
    """Functions of `url_for` and the shell, hooks of plugins, and asynchronous generators are refused."""

    async def generate() -> AsyncIterator[str]:
        yield "never"

    for name in (
        "url_defaults",
        "url_build_error_handler",
        "shell_context_processor",
        "context_processor",
    ):
        with pytest.raises(TypeError, match=f"^@{name}.*async def.*Write it with `def`"):
            getattr(app, name)(greet)
    for name in ("before_request", "after_request", "teardown_request", "on_startup"):
        with pytest.raises(TypeError, match=f"^@{name}.*has a `yield`"):
            getattr(app, name)(generate)

    class Plugin:
        @hookimpl
        async def cocopot_startup(self) -> None: ...

    with pytest.raises(PluginError, match=r"cocopot_startup.*async def.*app\.async_to_sync\(function\)"):
        app.plugins.register(Plugin())
