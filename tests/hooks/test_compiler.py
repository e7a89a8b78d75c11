"""Compiled calls: tracebacks, odd names, and threads."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, hookimpl
from cocopot.hooks import PluginManager, hookspec

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds after which a thread that waits for another one gives up; no test takes that long.
PATIENCE = 20


def app_with(**plugins: object) -> Cocopot:
    """Return an application with a view and these plugins, loaded in this order."""
    app = Cocopot("shop", autoload=False)
    app.testing = True
    for name, plugin in plugins.items():
        app.plugins.register(plugin, name)
    app.add_url_rule("/", "index", lambda: "view")
    return app


def answer(text: str | None) -> object:
    """Return a plugin that answers before the view, unless `text` is `None`."""

    class Answer:
        @hookimpl
        def cocopot_before_request(self) -> str | None:
            return text

    return Answer()


# -------------------------------------------------------------------------
# Tracebacks
# -------------------------------------------------------------------------


def test_a_traceback_shows_the_compiled_line() -> None:
    """The frame of a compiled call has a name and a line of source, and so does the frame below it."""

    class Broken:
        @hookimpl
        def cocopot_before_request(self, request: Any) -> None:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") as caught:
        app_with(first=answer(None), broken=Broken()).test_client().get("/")
    *_, compiled, below = traceback.extract_tb(caught.value.__traceback__)
    assert compiled.filename.startswith("<cocopot_before_request, compiled ")
    assert compiled.line == "result = _f1(request)"
    assert (below.name, below.line) == ("cocopot_before_request", 'raise ValueError("broken")')


def test_a_traceback_of_a_wrapper() -> None:
    """An exception of a wrapper before its `yield` shows the line on which it began."""

    class Broken:
        @hookimpl(wrapper=True)
        def cocopot_before_request(self, request: Any) -> Any:
            if request.path == "/":
                raise ValueError("broken")
            yield

    with pytest.raises(ValueError, match="broken") as caught:
        app_with(broken=Broken()).test_client().get("/")
    lines = [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "next(wrapper)" in lines


# -------------------------------------------------------------------------
# Odd names
# -------------------------------------------------------------------------

ODD_NAMES = [
    "result",
    "results",
    "error",
    "errors",
    "wrapper",
    "teardowns",
    "next",
    "BaseException",
    "StopIteration",
    "_",
    "_f0",
    "_w0",
    "_inner",
    "_unwind",
    "_impls",
    "_hook",
    "_blame",
    "_blame_line",
    "_checked",
    "print",
    "type",
    "sample_hook",
    "größe",
]


@pytest.mark.parametrize("kind", [{}, {"firstresult": True}, {"every": True}, {"threaded": "NAME"}], ids=str)
@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_arguments(name: str, kind: dict[str, Any]) -> None:
    """Any name that Python allows reaches implementations and wrappers, by keyword and by position."""
    namespace: dict[str, Any] = {}
    exec(f"def sample_hook({name}, other): return {name}", namespace)
    exec(f"def wrapper({name}): seen = {name}; return [seen, (yield)]", namespace)
    specs, plugin = ModuleType("specs"), ModuleType("plugin")
    options: dict[str, Any] = {key: name if value == "NAME" else value for key, value in kind.items()}
    exec(f"def sample_hook({name}, other): ...", vars(specs))
    hookspec(order="in", **options)(vars(specs)["sample_hook"])
    plugin.sample_hook = hookimpl(namespace["sample_hook"])  # type: ignore[attr-defined]
    plugin.wrapper = hookimpl(wrapper=True, specname="sample_hook")(namespace["wrapper"])  # type: ignore[attr-defined]
    manager = PluginManager(hookspecs=[specs])
    manager.register(plugin)
    expected = ["value", "value" if "firstresult" in kind or "threaded" in kind else ["value"]]
    assert manager.hook.sample_hook(**{name: "value", "other": "other"}) == expected
    compiled = manager.compile("sample_hook")
    assert compiled is not None
    assert compiled("value", "other") == expected


def test_an_argument_named_like_an_implementations_default() -> None:
    """An implementation's default is used only where the call has no such argument."""

    class Specs:
        @hookspec
        def sample_hook(self, a: int) -> None: ...

    class Plugin:
        @hookimpl
        def sample_hook(self, a: int = 5, b: int = 7) -> tuple[int, int]:
            return a, b

    manager = PluginManager(hookspecs=[])
    manager.register(Plugin())
    assert manager.hook.sample_hook() == [(5, 7)]
    assert manager.hook.sample_hook(b=1) == [(5, 1)]
    assert manager.hook.sample_hook(b=1, a=2) == [(2, 1)]


# -------------------------------------------------------------------------
# Registration while requests run
# -------------------------------------------------------------------------


def change(app: Cocopot, how: str) -> None:
    """Change the set of plugins in one of the ways that there are."""
    if how == "register":
        app.plugins.register(answer("new"), "new")
    elif how == "unregister":
        app.plugins.unregister(name="old")
    else:
        app.plugins.set_blocked("old")


@pytest.mark.parametrize(
    ("how", "before", "after"),
    [("register", "view", "new"), ("unregister", "old", "view"), ("block", "old", "view")],
)
def test_compiled_calls_are_thrown_away(how: str, before: str, after: str) -> None:
    """The next request sees what was registered, unregistered or blocked."""
    app = app_with(old=answer(None if how == "register" else "old"))
    client = app.test_client()
    assert client.get("/").text == before
    change(app, how)
    assert client.get("/").text == after


@pytest.mark.parametrize("how", ["register", "unregister", "block"])
def test_a_request_in_flight_keeps_its_calls(how: str) -> None:
    """What is registered or unregistered while a request runs is not seen by it, but by the next."""
    inside, changed = threading.Event(), threading.Event()
    calls: list[str] = []

    class Slow:
        @hookimpl
        def cocopot_request_started(self) -> None:
            inside.set()
            assert changed.wait(PATIENCE)

    class Counted:
        @hookimpl
        def cocopot_before_request(self) -> None:
            calls.append("old")

    app = app_with(slow=Slow(), old=Counted())
    app.start()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: app.test_client().get("/").text)
        assert inside.wait(PATIENCE)
        change(app, how)
        changed.set()
        assert running.result(PATIENCE) == "view"
    assert calls == ["old"]
    assert app.test_client().get("/").text == ("new" if how == "register" else "view")


def test_a_plugin_that_leaves_gives_back_what_it_took() -> None:
    """A plugin that is unregistered by a request is torn down by it; one that is registered by it is not."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_request_started(self) -> None:
            calls.append("started")

        @hookimpl
        def cocopot_teardown_request(self) -> None:
            calls.append("teardown")

    app, plugin = app_with(), Plugin()
    app.add_url_rule("/register", "register", lambda: str(app.plugins.register(plugin, "plugin")))
    app.add_url_rule("/unregister", "unregister", lambda: f"gone {app.plugins.unregister(plugin)}"[:4])
    client = app.test_client()
    assert [client.get("/register").text, calls] == ["plugin", []]
    assert [client.get("/unregister").text, calls] == ["gone", ["started", "teardown"]]


def in_threads(change: Callable[[], object], use: Callable[[], object], users: int = 3) -> list[object]:
    """Call `change` many times in one thread and `use` in others meanwhile; return what `use` returned."""
    done, start = threading.Event(), threading.Barrier(users + 1)

    def changing() -> None:
        start.wait(PATIENCE)
        try:
            for _ in range(200):
                change()
        finally:
            done.set()

    def using() -> list[object]:
        start.wait(PATIENCE)
        found = [use()]
        while not done.is_set():
            found.append(use())
        return found

    with ThreadPoolExecutor(users + 1) as pool:
        changes = pool.submit(changing)
        uses = [pool.submit(using) for _ in range(users)]
        changes.result(PATIENCE)
        return [result for one in uses for result in one.result(PATIENCE)]


class Both:
    """A plugin that is whole or not there: one hook opens what the other closes."""

    @hookimpl
    def cocopot_request_started(self, request: Any) -> None:
        request.opened = True

    @hookimpl
    def cocopot_after_request(self, request: Any, response: Any) -> None:
        response.headers["X-Opened"] = str(request.opened)


def test_no_request_sees_half_a_plugin() -> None:
    """Requests in other threads see a plugin whole or not at all, and nothing raises."""
    app, both = app_with(), Both()
    app.start()

    def change() -> None:
        app.plugins.register(both, "both")
        app.plugins.unregister(both)

    def use() -> tuple[str, str | None]:
        response = app.test_client().get("/")
        return response.text, response.headers.get("X-Opened")

    found = in_threads(change, use)
    assert set(found) <= {("view", "True"), ("view", None)}
    assert use() == ("view", None)


def test_calls_by_name_while_plugins_change() -> None:
    """Calls by name in other threads get the results of whole calls, in order."""

    class Specs:
        @hookspec(order="in")
        def sample_hook(self) -> None: ...

    def plugin(number: int) -> object:
        class Plugin:
            @hookimpl
            def sample_hook(self) -> int:
                return number

        return Plugin()

    manager = PluginManager(hookspecs=[Specs])
    manager.register(plugin(1), "one")
    manager.register(plugin(2), "two")
    three = plugin(3)

    def change() -> None:
        manager.register(three, "three")
        manager.unregister(three)

    found = in_threads(change, lambda: tuple(manager.hook.sample_hook()))
    assert set(found) <= {(1, 2), (1, 2, 3)}
    assert manager.hook.sample_hook() == [1, 2]


def test_urls_while_plugins_change() -> None:
    """A URL that is built meanwhile has the plugin's value or not, and nothing raises."""

    class Language:
        @hookimpl
        def cocopot_url_defaults(self, values: dict[str, Any]) -> None:
            values["language"] = "en"

    app, language = app_with(), Language()

    def change() -> None:
        app.plugins.register(language, "language")
        app.plugins.unregister(language)

    def use() -> str:
        with app.test_request_context("/"):
            return app.url_for("index")

    assert set(in_threads(change, use)) <= {"/", "/?language=en"}
    assert use() == "/"
