"""What is compiled does what it does in Python."""

from __future__ import annotations

import inspect
import io
import os
import shutil
import subprocess
import sys
import sysconfig
from abc import ABC, ABCMeta, abstractmethod
from http import HTTPStatus
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule
from werkzeug.test import create_environ
from werkzeug.wrappers import Request as WerkzeugRequest

from cocopot import Cocopot, Response, speedups
from cocopot.datastructures import Headers
from cocopot.environment import is_true
from cocopot.exceptions import HTTPException, MethodNotAllowed, NotFound
from cocopot.hosts import is_host
from cocopot.speedups import python
from tests.processes import clean_environ

#: The modules to compare: alone, the one in Python is compared with Werkzeug at least.
compiled: Any = import_module("cocopot.speedups._compiled") if speedups.COMPILED else None
KINDS = [python, compiled] if speedups.COMPILED else [python]
ids = [kind.__name__.rpartition(".")[2] for kind in KINDS]
both = pytest.mark.parametrize("kind", KINDS, ids=ids)
needs_compiled = pytest.mark.skipif(not speedups.COMPILED, reason="nothing is compiled")


class Kept(ImmutableMultiDict[str, str]):
    """A class of arguments."""


class Plain:
    """A class whose constructor is not called."""

    attribute = 0

    def __init__(self) -> None:
        raise AssertionError


class Abstract(ABC):
    """A class that cannot be made."""

    @abstractmethod
    def method(self) -> None: ...


def lists(arguments: Any) -> dict[str, list[str]]:
    """Return the content of a multi dict."""
    return dict(dict.items(arguments))


def attempt(function: Any, *args: Any) -> Any:
    """Return what a function returns, or the class of what it raises."""
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error)


# -------------------------------------------------------------------------
# Which
# -------------------------------------------------------------------------


IS_THERE = find_spec("cocopot.speedups._compiled") is not None


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, IS_THERE),
        ({"COCOPOT_PURE_PYTHON": ""}, IS_THERE),
        ({"COCOPOT_PURE_PYTHON": "0"}, IS_THERE),
        ({"COCOPOT_PURE_PYTHON": "1"}, False),
    ],
)
def test_which_are_chosen(variables: dict[str, str], expected: bool) -> None:
    """The compiled ones are used where they are there, unless the environment states otherwise."""
    code = "from cocopot import speedups; print(speedups.COMPILED, speedups.new.__module__)"
    command = [sys.executable, "-c", code]
    environ = clean_environ(**variables)
    output = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
    module = "cocopot.speedups._compiled" if expected else "cocopot.speedups.python"
    assert output.split() == [str(expected), module]


def can_compile() -> bool:
    """Return whether a build compiles here: with CPython, its headers and the compiler that it names."""
    compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]
    return (
        sys.implementation.name == "cpython"
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and Path(sysconfig.get_path("include"), "Python.h").exists()
        and shutil.which(compiler) is not None
    )


@pytest.mark.skipif(not can_compile(), reason="there is no compiler, or no headers of Python")
def test_it_is_compiled_where_it_can_be() -> None:
    """A build goes on without the compiled module also after a mistake in its source."""
    assert IS_THERE


def test_this_process_uses_the_selected_ones() -> None:
    """With `make test-pure` these tests run without the compiled module, else with it if it exists."""
    is_pure = is_true(os.environ.get("COCOPOT_PURE_PYTHON", ""))
    assert (IS_THERE and not is_pure) == speedups.COMPILED


# -------------------------------------------------------------------------
# Objects
# -------------------------------------------------------------------------


@both
def test_new(kind: Any) -> None:
    """An object is created without its constructor; anything but a class of the same layout is rejected."""
    made = kind.new(Plain)
    assert type(made) is Plain
    made.attribute = 1
    assert vars(made) == {"attribute": 1}
    for other in (dict, Kept, int, type, None, 7, Abstract):
        with pytest.raises(TypeError):
            kind.new(other)


@both
def test_new_of_a_class_that_has_been_changed(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `__new__` in Python is not called, and does no harm; neither when it is taken away again."""

    class Patched(Plain):
        pass

    class OfAnotherMetaclass(Plain, metaclass=ABCMeta):
        pass

    with monkeypatch.context() as patch:
        patch.setattr(Patched, "__new__", lambda *_: pytest.fail("called"), raising=False)
        assert type(kind.new(Patched)) is Patched
    assert type(kind.new(Patched)) is Patched
    assert type(kind.new(OfAnotherMetaclass)) is OfAnotherMetaclass


@both
class TestLazy:
    def test_it_is_computed_once(self, kind: Any) -> None:
        """The first access computes the attribute, which then lies in the instance."""
        calls = []

        def load(owner: Any) -> int:
            calls.append(owner)
            return 7

        class Owner:
            value = kind.Lazy(load)

        owner = Owner()
        assert (owner.value, owner.value, calls, vars(owner)) == (7, 7, [owner], {"value": 7})
        assert isinstance(Owner.value, kind.Lazy)
        assert Owner.value.name == "value"
        owner.value = 8
        assert owner.value == 8
        del owner.value
        assert owner.value == 7

    def test_it_fails(self, kind: Any) -> None:
        """What the computation raises goes on, unless `on_error` raises something else."""
        reported = []

        class Lazy(kind.Lazy):  # type: ignore[misc]
            def on_error(self, error: Exception) -> None:
                reported.append(error)
                if isinstance(error, KeyError):
                    raise LookupError(self.name) from error  # noqa: TRY004 - it is one

        def load(owner: Any) -> Any:
            raise owner.error

        class Owner:
            value = Lazy(load)

            def __init__(self, error: BaseException) -> None:
                self.error = error

        with pytest.raises(LookupError, match="value") as raised:
            Owner(KeyError("x")).value  # noqa: B018
        assert type(raised.value.__cause__) is KeyError
        for error in (ValueError("as it is"), KeyboardInterrupt()):
            reported.clear()
            with pytest.raises(type(error)) as other:
                Owner(error).value  # noqa: B018
            assert other.value is error
            assert reported == ([error] if isinstance(error, Exception) else [])

    def test_headers(self, kind: Any) -> None:
        """Headers look into the environment."""

        class Owner:
            environ: ClassVar = {"HTTP_A": "1"}
            headers = kind.LazyHeaders(Plain)

        owner = Owner()
        assert vars(owner.headers) == {"environ": Owner.environ}
        assert owner.headers is owner.headers

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, {"a": ["1"]}),
            ({"environ": {}}, {}),
            ({"environ": {"QUERY_STRING": "a=%41+"}}, {"a": ["A "]}),
            ({"environ": {"QUERY_STRING": "a=\u00c3\u00a9"}}, "loaded"),
            ({"environ": {"QUERY_STRING": None}}, "loaded"),
            ({"_query_string": b""}, "loaded"),
            ({"parameter_storage_class": dict}, "loaded"),
        ],
    )
    def test_arguments(self, kind: Any, changes: dict[str, Any], expected: Any) -> None:
        """Arguments are parsed at once only if nothing about them has been changed."""

        class Owner:
            environ: ClassVar = {"QUERY_STRING": "a=1"}
            _query_string = None
            parameter_storage_class = ImmutableMultiDict
            query_string = object()
            args = kind.LazyArguments(lambda _: "loaded", "args", Kept, ImmutableMultiDict, query_string)

        class Other(Owner):
            query_string = object()

        owner = Owner()
        vars(owner).update(changes)
        assert (owner.args if expected == "loaded" else lists(owner.args)) == expected
        assert owner.args is owner.args
        assert Other().args == "loaded"


# -------------------------------------------------------------------------
# Matching
# -------------------------------------------------------------------------


@both
class TestMatchPlain:
    @pytest.fixture
    def app(self) -> Cocopot:
        app = Cocopot(__name__, autoload=False, static_folder=None)
        app.add_url_rule("/", "index", lambda: "")
        app.add_url_rule("/page", "page", lambda a: "", defaults={"a": 1})
        app.add_url_rule("/page", "put", lambda: "", methods=["PUT"])
        app.add_url_rule("/users/<int:id>/posts/<name>", "post", lambda id, name: "")  # noqa: A006
        app.add_url_rule("/<one>", "one", lambda one: "")
        app.add_url_rule("/x" * 13 + "/<name>", "deep", lambda name: "")
        with app.test_client() as client:
            client.get("/")
        return app

    def match(self, kind: Any, app: Cocopot, path: str, method: str = "GET", **changes: Any) -> Any:
        environ = {**create_environ(path, method=method), **changes}
        found = kind.match_plain(app.router, environ, app.config, app.subdomain_matching)
        if isinstance(found, HTTPException):
            return type(found), getattr(found, "valid_methods", None)
        return None if found is None else (found[0].endpoint, found[1])

    @pytest.mark.parametrize(
        ("path", "method", "expected"),
        [
            ("/", "GET", ("index", {})),
            ("/page", "GET", ("page", {"a": 1})),
            ("/page", "PUT", ("put", {})),
            ("/users/7/posts/x", "GET", ("post", {"id": 7, "name": "x"})),
            ("/else", "HEAD", ("one", {"one": "else"})),
            ("/\u00e9", "GET", ("one", {"one": "\u00e9"})),
        ],
    )
    def test_found(self, kind: Any, app: Cocopot, path: str, method: str, expected: Any) -> None:
        """Pages and paths with variables are found, with arguments of the request's own."""
        first, second = self.match(kind, app, path, method), self.match(kind, app, path, method)
        assert first == second == expected
        assert first[1] is not second[1]

    @pytest.mark.parametrize(
        "path",
        ["/users/x/posts/x", "/a" * 40, "//page", "/users/7/posts/"],
    )
    def test_not_found(self, kind: Any, app: Cocopot, path: str) -> None:
        """What the tables do not know is left to the router."""
        assert self.match(kind, app, path) is None

    def test_errors(self, kind: Any, app: Cocopot) -> None:
        """What no rule matches is an exception, where the tables and the one rule of a path show it."""
        app = Cocopot(__name__, autoload=False, static_folder=None)
        app.add_url_rule("/page", "page", lambda: "")
        app.add_url_rule("/users/<int:id>", "user", lambda id: "", methods=["GET", "PUT"])  # noqa: A006
        with app.test_client() as client:
            assert client.delete("/page").status_code == 405
        methods = {"GET", "PUT", "HEAD", "OPTIONS"}
        assert self.match(kind, app, "/nowhere") == (NotFound, None)
        assert self.match(kind, app, f"/users/{'9' * 5000}") == (NotFound, None)
        assert self.match(kind, app, "/page", "DELETE")[0] is MethodNotAllowed
        error, allowed = self.match(kind, app, "/users/7", "DELETE")
        assert (error, set(allowed)) == (MethodNotAllowed, methods)
        allowed.clear()
        assert set(self.match(kind, app, "/users/7", "DELETE")[1]) == methods
        for path, method in [("/users/7", "delete"), ("/nowhere//else", "GET"), ("/users/x", "GET")]:
            assert self.match(kind, app, path, method) is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"PATH_INFO": "/\xff"},
            {"PATH_INFO": "/\u20ac"},
            {"PATH_INFO": "/\xc3\xa9", "SCRIPT_NAME": "/\xff"},
            {"PATH_INFO": "/\xc3\xa9", "SCRIPT_NAME": b""},
        ],
    )
    def test_paths_that_are_not_utf8(self, kind: Any, app: Cocopot, changes: dict[str, Any]) -> None:
        """A URL that is perhaps not UTF-8 is left to the full check."""
        assert self.match(kind, app, "/", **changes) is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"REQUEST_METHOD": "get"},
            {"REQUEST_METHOD": "DELETE"},
            {"REQUEST_METHOD": None},
            {"PATH_INFO": ""},
            {"PATH_INFO": "page"},
            {"PATH_INFO": "x/else"},
            {"PATH_INFO": b"/page"},
            {"HTTP_UPGRADE": "websocket"},
            {"HTTP_HOST": "a..b"},
            {"HTTP_HOST": ""},
            {"wsgi.url_scheme": "gopher"},
        ],
    )
    def test_left_to_the_router(self, kind: Any, app: Cocopot, changes: dict[str, Any]) -> None:
        """Whatever is out of the ordinary about a request is left to the router."""
        assert self.match(kind, app, "/page", **changes) is None

    @pytest.mark.parametrize("depth", range(12, 20))
    def test_deep_paths(self, kind: Any, app: Cocopot, depth: int) -> None:
        """A path is as deep as it likes."""
        expected = ("deep", {"name": "x"}) if depth == 14 else None
        assert self.match(kind, app, "/x" * depth) == expected

    def test_an_environment_of_another_kind(self, kind: Any, app: Cocopot) -> None:
        """What is not just a dict is left to the router, which asks it in its own way."""

        class Environ(dict[str, Any]):
            pass

        assert kind.match_plain(app.router, Environ(create_environ("/")), app.config) is None

    def test_a_new_host(self, kind: Any, app: Cocopot) -> None:
        """A valid host that was not seen before is enough, as no rule depends on it."""
        for number in range(3):
            assert self.match(kind, app, "/", HTTP_HOST=f"new{number}.example:80") == ("index", {})

    def test_the_host_matters(self, kind: Any, app: Cocopot) -> None:
        """Where the configuration states something about hosts, the host is inspected."""
        app.config["TRUSTED_HOSTS"] = ["localhost"]
        assert self.match(kind, app, "/page") == ("page", {"a": 1})
        assert self.match(kind, app, "/page", HTTP_HOST="other.example") is None
        app.config["SERVER_NAME"] = "localhost"
        assert self.match(kind, app, "/page") == ("page", {"a": 1})
        assert self.match(kind, app, "/page", HTTP_HOST="other.example") is None

    @pytest.mark.parametrize("subdomain_matching", [False, True])
    def test_server_name(self, kind: Any, app: Cocopot, subdomain_matching: bool) -> None:
        """With a server name, a host that has been matched with it is enough, and any without subdomains."""
        app.config["SERVER_NAME"] = "localhost"
        app.subdomain_matching = subdomain_matching
        expected = None if subdomain_matching else ("page", {"a": 1})
        assert self.match(kind, app, "/page", HTTP_HOST="other.example") == expected
        assert self.match(kind, app, "/page", HTTP_HOST="localhost:80") == expected
        app.router.match_request(create_environ("/page"), "/page", "GET", "localhost")
        assert self.match(kind, app, "/page") == ("page", {"a": 1})

    def test_host_matching(self, kind: Any) -> None:
        """Where rules have hosts, a host that has been matched is enough, whatever the server name is."""
        app = Cocopot(__name__, autoload=False, static_folder=None, host_matching=True)
        app.config["SERVER_NAME"] = "other.example"
        app.add_url_rule("/", "index", lambda: "", host="localhost")
        app.router.table  # noqa: B018 - builds it
        assert self.match(kind, app, "/") is None
        app.router.match_request(create_environ("/"), "/", "GET")
        assert self.match(kind, app, "/") == ("index", {})

    @settings(deadline=None)
    @given(
        host=st.one_of(st.text("aZ0-_.:[]% \u00e9\0", max_size=12), st.text("a.", min_size=60, max_size=260))
    )
    @example(host="shop.example:8000")
    def test_any_host(self, kind: Any, host: str) -> None:
        """Without hosts in rules every valid host is matched, no other one, and plain ones are not kept."""
        app = Cocopot(__name__, autoload=False, static_folder=None)
        app.add_url_rule("/page", "page", lambda: "")
        table = app.router.table
        expected: object = ("page", {}) if is_host(host) else None
        assert self.match(kind, app, "/page", HTTP_HOST=host) == expected
        kept = {} if expected is None or kind.plain_host(host, "http") else {host: table.any_host}
        assert table.hosts["http"] == kept

    def test_a_configuration_that_computes_its_values(self, kind: Any, app: Cocopot) -> None:
        """A configuration is read by its own `__getitem__`, and a missing key is its error."""

        class Own(dict[str, Any]):
            def __getitem__(self, key: str) -> Any:
                return ["example.org"] if key == "TRUSTED_HOSTS" else super().__getitem__(key)

        environ = create_environ("/page")
        assert kind.match_plain(app.router, environ, Own(app.config)) is None
        assert kind.match_plain(app.router, environ, dict(app.config))[1] == {"a": 1}
        for config in (app.config.copy(), Own(), {}):
            config.pop("SERVER_NAME", None)
            with pytest.raises(KeyError):
                kind.match_plain(app.router, environ, config)

    def test_a_rule_of_werkzeug(self, kind: Any) -> None:
        """A rule that the application has not made is found, and its endpoint called."""
        app = Cocopot(__name__, autoload=False, static_folder=None)
        app.router.add(Rule("/page", endpoint="page", defaults={"a": 1}))
        app.view_functions["page"] = lambda a: f"{a}"
        assert app.test_client().get("/page").text == "1"
        assert kind.match_plain(app.router, create_environ("/page"), app.config)[1] == {"a": 1}

    def test_what_a_converter_raises(self, kind: Any) -> None:
        """An exception that states nothing about the path is not lost."""
        app = Cocopot(__name__, autoload=False, static_folder=None)
        app.add_url_rule("/<int:number>", "number", lambda number: "")
        client = app.test_client()
        client.get("/1")
        environ = create_environ("/1")
        domain = app.router._matcher.current().domains[""]
        prefixes, plans, is_exhaustive = domain.prefix

        def read(*_: Any) -> Any:
            raise ZeroDivisionError

        domain.prefix = (
            prefixes,
            tuple((read, *plan[1:]) if plan else None for plan in plans),
            is_exhaustive,
        )
        with pytest.raises(ZeroDivisionError):
            kind.match_plain(app.router, environ, app.config)

    @needs_compiled
    @pytest.mark.parametrize("prefix", [(), ({}, (), False), ([], (), False), (None, [], False), None])
    def test_tables_of_another_shape(self, kind: Any, app: Cocopot, prefix: Any) -> None:
        """What is not a table is an error or not inspected, and never read as if it were one."""
        app.router._matcher.current().domains[""].prefix = prefix
        assert attempt(lambda: self.match(compiled, app, "/users/7/posts/x")) in (None, TypeError, IndexError)


# -------------------------------------------------------------------------
# Arguments and values of headers
# -------------------------------------------------------------------------


pieces = st.sampled_from(
    [
        *"aAbf=&=&%+;\0\u00e9\u20ac",
        "%41",
        "%c3%A9",
        "%C3",
        "%e2%82",
        "%ac",
        "%F0%9f%98%80",
        "%ff",
        "%00",
        "%g1",
        "%2",
        "%2B",
    ]
)
queries = st.lists(pieces, max_size=24).map("".join)


@given(queries)
def test_parse_arguments(query: str) -> None:
    """A query string and an urlencoded form are parsed as by Werkzeug, with whatever is invalid in them."""
    body = query.encode()
    form = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "REQUEST_METHOD": "POST"}
    werkzeugs = WerkzeugRequest({"CONTENT_TYPE": "application/x-www-form-urlencoded", **form}).form
    raw = {"QUERY_STRING": body.decode("latin-1"), "REQUEST_METHOD": "GET"}
    assert lists(WerkzeugRequest(raw).args) == lists(werkzeugs)
    for kind in KINDS:
        arguments = kind.parse_arguments(query, Kept)
        assert type(arguments) is Kept
        assert [*lists(arguments).items()] == [*lists(werkzeugs).items()]


@both
@pytest.mark.parametrize("count", [1, 1000, 50_000])
def test_parse_long_arguments(kind: Any, count: int) -> None:
    """A long value, and a value after many others, are decoded as a short one is."""
    query = "a=" + "%C3%A9+x" * count + "&b=1" * count
    assert lists(kind.parse_arguments(query, Kept)) == {"a": ["\u00e9 x" * count], "b": ["1"] * count}


@both
def test_parse_arguments_of_something_else(kind: Any) -> None:
    """What is not a text is rejected, and arguments are put into dicts only."""

    class Text(str):
        __slots__ = ()

    for query in (None, b"a=1", Text("a=1"), 7):
        with pytest.raises(TypeError):
            kind.parse_arguments(query, Kept)
    for other in (list, object, None, 7):
        with pytest.raises(TypeError):
            kind.parse_arguments("a=1", other)


@both
@given(st.text(max_size=3) | st.sampled_from(["\x1f", " ", "~", "\x7f", "\x80", "\xe9", "\t", "\ud800"]))
def test_a_plain_value_is_printable_ascii(kind: Any, value: str) -> None:
    """The value of a header is plain if it needs no inspection at all."""
    assert kind.is_plain_value(value) is all(" " <= character <= "~" for character in value)
    with pytest.raises((TypeError, AttributeError)):
        kind.is_plain_value(None)


# -------------------------------------------------------------------------
# Responses
# -------------------------------------------------------------------------

VALUES = st.sampled_from(
    ["1", "", "\xe4\t", "\u20ac", "a\r\nb", "text/plain", 7, True, None, "//x", "/a?b#c"]
)
NAMES = st.sampled_from(
    [
        "X-Own",
        "x-own",
        "Content-Type",
        "content-type",
        "Content-Length",
        "Location",
        "location",
        "X Own",
        "",
        7,
    ]
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


class Own(Response):
    """A subclass with another mimetype."""

    default_mimetype = "text/plain"


def construct(cls: type[Response], constructor: Any, arguments: dict[str, Any]) -> object:
    """Return what a constructor sets on a response, or the class of what it raises."""
    response = cls.__new__(cls)
    try:
        constructor(response, **arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error)
    head = response.status, response.status_code, list(response.headers)
    return *head, response.response, response.direct_passthrough


@given(
    st.sampled_from([Response, Own]),
    st.fixed_dictionaries(
        {},
        optional={
            "response": st.sampled_from(
                ["text", "", "\xe4", "\ud800", b"bytes", None, ["a"], bytearray(b"a"), Markup("<b>"), 7]
            ),
            "status": st.sampled_from(
                [None, 200, 204, 304, 404, 999, "201 CREATED", "201 Made", HTTPStatus.CREATED, True, "x"]
            ),
            "headers": st.none() | PAIRS | PAIRS.map(dict) | PAIRS.map(tuple),
            "mimetype": st.sampled_from([None, "text/plain", "application/json", "a/b\n", 7, ""]),
            "content_type": st.sampled_from([None, "text/plain", "a/b", "a/b\n", b"a/b"]),
            "direct_passthrough": st.booleans(),
        },
    ),
)
def test_a_constructor(cls: type[Response], arguments: dict[str, Any]) -> None:
    """A response is made in the same way, or refused, by the constructor in Python."""
    general = inspect.unwrap(Response.__init__)
    assert construct(cls, Response.__init__, arguments) == construct(cls, general, arguments)


def test_headers_of_the_class_of_responses_are_used() -> None:
    """A `Headers` object that is passed to the constructor is the one of the response."""
    headers = Headers({"X-Own": "1"})
    response = Response("text", headers=headers)
    headers["X-Own"] = "2"
    assert response.headers is headers
    assert (headers["X-Own"], headers["Content-Length"]) == ("2", "4")
