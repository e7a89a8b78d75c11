from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, PluginError, Request, hookimpl, request
from cocopot.exceptions import Unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable


class Plugin:
    """A plugin that does something in its set-up."""

    def __init__(self, name: str, setup: Callable[[Any], object]) -> None:
        self.plugin_name, self.setup = name, setup

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        self.setup(app)


def make(*setups: Callable[[Any], object], **options: Any) -> Any:
    """Return an application with a plugin for each function, in that order."""
    plugins = [Plugin(name, setup) for name, setup in zip(("aa", "bb"), setups, strict=False)]
    return Cocopot(__name__, autoload=False, plugins=plugins, **options)


def counter(calls: list[Any]) -> Callable[[Any], int]:
    """Return a function that records its argument, and returns how often it was called."""

    def count(target: Any) -> int:
        calls.append(target)
        return len(calls)

    return count


def test_a_property_of_the_application() -> None:
    """It is computed when it is first read, with the application, and cached."""
    calls: list[Any] = []
    app = make(lambda app: app.add_property("db", counter(calls)))
    assert calls == []
    assert (app.db, app.db) == (1, 1)
    assert calls == [app]
    app.db = "assigned"
    assert app.db == "assigned"
    del app.db
    assert app.db == 2


def test_a_request_property_that_is_not_cached() -> None:
    """Its function is called by each reading; a value that is assigned replaces it."""
    calls: list[Any] = []
    app = make(lambda app: app.add_request_property("db", counter(calls), cached=False))
    with app.test_request_context() as context:
        current: Any = context.request
        assert (current.db, current.db) == (1, 2)
        assert calls == [current] * 2
        current.db = "assigned"
        assert current.db == "assigned"


def test_properties_of_the_application_are_listed() -> None:
    """An editor and the shell complete them; listing computes none."""
    calls: list[Any] = []
    app = make(lambda app: app.add_property("db", counter(calls)))
    assert {"db", "route"} <= set(dir(app))
    assert calls == []


def test_a_property_of_requests() -> None:
    """Each request has its own, computed once; a hook may assign another value."""
    calls: list[Any] = []
    app = make(lambda app: app.add_request_property("visitor", counter(calls)))
    app.add_url_rule("/", "index", lambda: f"{request.visitor} {request.visitor}")  # type: ignore[attr-defined]
    app.add_url_rule("/nothing", "nothing", lambda: "")
    client = app.test_client()
    assert [client.get(path).text for path in ("/", "/nothing", "/")] == ["1 1", "", "2 2"]
    with app.test_request_context("/") as context:
        context.request.visitor = "assigned"
        assert request.visitor == "assigned"  # type: ignore[attr-defined]
    assert len(calls) == 2


def test_one_application_does_not_see_the_property_of_another() -> None:
    """Each has its own function, and one without it has no such attribute."""
    one = make(lambda app: app.add_request_property("tenant", lambda _: "one"))
    two = make(lambda app: app.add_request_property("tenant", lambda _: "two"))
    values = []
    for app in (one, two, make()):
        with app.test_request_context("/"):
            values.append(getattr(request, "tenant", "none"))
    assert values == ["one", "two", "none"]
    assert not hasattr(Request, "tenant")


def test_subclasses_of_requests_have_them_too() -> None:
    """`request_class` may be replaced, before or after the property has been added."""

    class Own(Request):
        pass

    class Shop(Cocopot):
        request_class = Own

    app = Shop(__name__, autoload=False)
    app.add_request_property("basket", lambda request: type(request).__name__)
    with app.test_request_context("/"):
        assert request.basket == "Own"  # type: ignore[attr-defined]


@pytest.mark.parametrize("add", ["add_property", "add_request_property"])
def test_two_plugins_with_one_name(add: str) -> None:
    """The error names both plugins, and where each function is."""
    with pytest.raises(PluginError) as caught:
        make(*[lambda app: getattr(app, add)("user", lambda _: None)] * 2)
    text = str(caught.value)
    assert "Plugin 'bb' registers the property of " in text
    assert "'user', which is also registered by plugin 'aa'" in text
    assert text.count("test_properties.py:") == 2
    assert caught.value.reason == "conflict"


def test_a_plugin_that_fails_leaves_no_property() -> None:
    """Its set-up is rolled back."""

    def fail(app: Any) -> None:
        app.add_property("db", lambda _: 1)
        app.add_request_property("visitor", lambda _: 1)
        raise ValueError("no")

    app = make(fail, plugin_errors="warn")
    assert (app.properties, app.request_properties) == ({}, {})


@pytest.mark.parametrize(
    ("add", "name", "message"),
    [
        (
            "add_property",
            "config",
            "has an attribute 'config'",
        ),
        ("add_property", "router", "Cocopot has an attribute 'router'"),
        ("add_property", "db", "'db' is added by the application already"),
        ("add_property", "_db", "'_db' cannot name a property"),
        ("add_request_property", "path", "Request has an attribute 'path'"),
        ("add_request_property", "environ", "Request has an attribute 'environ'"),
        ("add_request_property", "visitor", "'visitor' is added by the application already"),
        ("add_request_property", "the user", "'the user' cannot name a property"),
        ("add_request_property", "", "'' cannot name a property"),
        ("add_request_property", 5, "5 cannot name a property"),
    ],
)
def test_names_that_are_refused(add: str, name: Any, message: str) -> None:
    """An attribute is not replaced, and a property not added twice."""
    app = make()
    app.add_property("db", lambda _: None)
    app.add_request_property("visitor", lambda _: None)
    with pytest.raises(ValueError, match=message):
        getattr(app, add)(name, lambda _: None)


def test_functions_that_are_refused() -> None:
    """What cannot be called, or would return a coroutine."""

    async def load(_: Any) -> None: ...

    for function in (None, "load", load):
        with pytest.raises(TypeError, match="add_request_property"):
            make().add_request_property("user", function)


def test_it_is_too_late_after_the_first_request() -> None:
    """As for routes."""
    app = make()
    app.test_client().get("/")
    for add in (app.add_property, app.add_request_property):
        with pytest.raises(RuntimeError, match="after its first request"):
            add("late", lambda _: None)


def test_what_a_property_raises_names_its_plugin() -> None:
    """The exception is the function's own, with a note; the next access computes it again."""

    def fail(_: Any) -> None:
        raise LookupError("no database")

    def refuse(_: Any) -> None:
        raise AttributeError("of the function")

    app = make(
        lambda app: app.add_property("db", fail), lambda app: app.add_request_property("visitor", refuse)
    )
    for _ in range(2):
        with pytest.raises(LookupError) as caught:
            _ = app.db
        assert caught.value.__notes__ == ["Raised by plugin 'aa' in the property 'db'."]
    with app.test_request_context("/"), pytest.raises(AttributeError, match="of the function") as error:
        _ = request.visitor  # type: ignore[attr-defined]
    assert error.value.__notes__ == ["Raised by plugin 'bb' in the request property 'visitor'."]


def test_a_http_exception_of_a_property_is_the_response() -> None:
    """`request.user` may refuse a request."""

    def refuse(_: Any) -> None:
        raise Unauthorized

    app = make(lambda app: app.add_request_property("user", refuse))
    app.add_url_rule("/", "index", lambda: request.user)  # type: ignore[attr-defined]
    assert app.test_client().get("/").status_code == 401


@pytest.mark.parametrize(("name", "plugin"), [("csp_nonce", "headers"), ("db", "sqlalchemy")])
def test_a_property_that_a_known_plugin_adds(name: str, plugin: str) -> None:
    """The error names the distribution to install."""
    with make().test_request_context("/"), pytest.raises(AttributeError) as caught:
        getattr(request, name)
    assert f"'Request' object has no attribute {name!r}: the plugin {plugin} adds it: " in str(caught.value)
    assert f"cocopot-{plugin}" in str(caught.value)


def test_threads_compute_a_value_of_the_application_once() -> None:
    """The second thread waits for the value, such as a pool of connections, that the first one computes."""
    calls: list[Any] = []
    entered, release = threading.Event(), threading.Event()

    def connect(app: Cocopot) -> object:
        calls.append(app)
        entered.set()
        release.wait(10)
        return object()

    app = make(lambda app: app.add_property("pool", connect))
    with ThreadPoolExecutor(2) as executor:
        first = executor.submit(lambda: app.pool)
        assert entered.wait(10)
        second = executor.submit(lambda: app.pool)
        release.set()
        assert first.result(10) is second.result(10)
    assert calls == [app]


@pytest.mark.parametrize("name", [None, 5, "class", "None", "a b", "_x", ""])
def test_what_cannot_be_a_name(name: Any) -> None:
    """An attribute of that name could not be read."""
    for add in ("add_property", "add_request_property"):
        with pytest.raises(ValueError, match=f"{add}: .* cannot name a property"):
            getattr(make(), add)(name, counter([]))


@pytest.mark.parametrize(
    ("kind", "read"),
    [("property", lambda app, request: app.user), ("request_property", lambda app, request: request.user)],
)
def test_a_property_that_reads_itself(kind: str, read: Callable[[Any, Any], object]) -> None:
    """The error names the property, the plugin, and what was read in between; afterwards it can be read."""
    last: Any = None

    def setup(app: Any) -> None:
        add = getattr(app, f"add_{kind}")
        add("user", lambda target: target.account)
        add("account", lambda target: last or target.user)

    app = make(setup)
    with app.test_request_context("/") as context:
        for _ in range(2):
            with pytest.raises(RuntimeError) as caught:
                read(app, context.request)
            assert type(caught.value) is RuntimeError
            text = f"The {kind.replace('_', ' ')} 'user' of plugin 'aa' is read while it is computed: "
            assert str(caught.value).startswith(f"{text}user -> account -> user. Its function must not")
        last = "ada"
        assert read(app, context.request) == "ada"


def test_a_property_that_reads_that_of_another_request() -> None:
    """Each request has its own value, and computing one may send a request that computes its own."""

    def depth(request: Request) -> int:
        return 1 if request.path == "/inner" else int(app.test_client().get("/inner").text) + 1

    app = make(lambda app: app.add_request_property("depth", depth))
    for path in ("/", "/inner"):
        app.add_url_rule(path, path, lambda: str(request.depth))  # type: ignore[attr-defined]
    assert app.test_client().get("/").text == "2"


def test_a_request_class_with_the_attribute_of_a_property() -> None:
    """It is refused when it is assigned, with the plugin; a subclass without the attribute is not."""

    class Own(Request):
        user = "nobody"

    class Fine(Request):
        other = 1

    app = make(lambda app: app.add_request_property("user", lambda _: "ada"))
    with pytest.raises(
        ValueError, match="Own has an attribute 'user', which is a request property of plugin"
    ):
        app.request_class = Own
    app.request_class = Fine
    app.add_url_rule("/", "index", lambda: request.user)  # type: ignore[attr-defined]
    assert app.test_client().get("/").text == "ada"
