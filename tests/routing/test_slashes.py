"""A redirect to the path with a slash is the one that Werkzeug's adapter raises."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import BaseConverter, RequestRedirect, ValidationError
from werkzeug.test import create_environ, run_wsgi_app

from cocopot import Cocopot
from cocopot.pipeline import lifecycle
from cocopot.routing import Router, Rule
from tests.routing.outcomes import outcome

ROUTER = Router(
    [
        Rule("/static/", endpoint="static", methods=["GET"]),
        Rule("/caf\xe9/", endpoint="unicode"),
        Rule("/items/<int:number>/", endpoint="item"),
        Rule("/names/<name>/", endpoint="name"),
        Rule("/static/", endpoint="inside", subdomain="www"),
        Rule("/items/<name>/", endpoint="inside-item", subdomain="www"),
    ]
)
PATHS = [
    "/static",
    "/caf\xe9",
    "/items/7",
    "/items/x",
    "/names/a;b",
    "/names/\u65e5",
    "/names/a b",
    "/missing",
]
SERVER_NAMES = [
    *(
        "shop.example",
        "shop.example:80",
        "shop.example:443",
        "shop.example:8000",
        "Shop.Example",
        "localhost",
    ),
    *("b\xfccher.example", "xn--bcher-kva.example", "[::1]:8000", "shop_1.example"),
]
ENVIRONS = st.fixed_dictionaries(
    {
        "wsgi.url_scheme": st.sampled_from(["http", "https"]),
        "SCRIPT_NAME": st.sampled_from(["", "", "/app", "/a b/"]),
        "QUERY_STRING": st.sampled_from(["", "a=1&b=2", "q=%20+x", "a=<b>", "a=\xff", "?a=[1]", "#"]),
        "HTTP_HOST": st.sampled_from(
            ["shop.example", "www.shop.example", "www.localhost:80", "LOCALHOST:8000"]
        ),
        "REQUEST_METHOD": st.sampled_from(["GET", "POST"]),
    }
)


@given(
    ENVIRONS,
    st.sampled_from(PATHS),
    st.none() | st.tuples(st.sampled_from(SERVER_NAMES), st.sampled_from([None, "", "www", "other"])),
)
def test_redirects_are_those_of_an_adapter(
    environ: dict[str, Any], path: str, domain: tuple[str, str | None] | None
) -> None:
    """That is so with a server name, a subdomain, a script name and a query, with variables and without."""
    environ = {**environ, "PATH_INFO": path.encode().decode("latin-1")}
    method, arguments = environ["REQUEST_METHOD"], domain or ()
    expected = outcome(lambda: ROUTER.bind_to_environ(environ, *arguments).match(return_rule=True))
    for _ in range(2):
        assert outcome(lambda: ROUTER.match_request(environ, path, method, *arguments)) == expected


@pytest.mark.parametrize("name", ["shop.example", "shop.example:8000"])
def test_without_an_adapter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect on a usual server name, and its subdomains, needs no adapter."""
    monkeypatch.delattr(Router, "_match_bound")
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": name, "REQUEST_METHOD": "GET"}
    for subdomain in ("", "www"):
        for path in ("/static", "/items/7"):
            found = outcome(lambda: ROUTER.match_request(environ, path, "GET", name, subdomain))  # noqa: B023
            assert isinstance(found, tuple)
            assert found[1] == f"http://{subdomain and 'www.'}{name}{path}/"


@pytest.mark.parametrize("variable", ["QUERY_STRING", "SCRIPT_NAME"])
def test_a_text_that_is_not_latin_1(variable: str) -> None:
    """What a server must not pass (PEP 3333) is a 400, whichever part of the router finds the redirect."""
    app = Cocopot("test", static_folder=None, autoload=False)
    app.add_url_rule("/slash/", "slash", lambda: "text")
    for application in (app, partial(lifecycle.handle_request, app)):
        environ = {**create_environ("/slash"), variable: "\u20ac"}
        assert run_wsgi_app(application, environ)[1] == "400 BAD REQUEST"


class Chosen(BaseConverter):
    """Counts its conversions."""

    converted: ClassVar[list[str]] = []

    def to_python(self, value: str) -> str:
        self.converted.append(value)
        raise ValidationError


VARIED: list[tuple[str, dict[str, Any]]] = [
    ("/a/<int:x>/", {}),
    ("/a/<x>/", {"methods": ["POST"]}),
    ("/a/<x>", {"methods": ["PUT"]}),
    ("/b/<x>/c/", {"methods": ["GET"]}),
    ("/b/<x>/<y>", {"methods": ["POST"]}),
    ("/c/<x>/", {"strict_slashes": False}),
    ("/d/<x>.txt/", {}),
    ("/d/<path:x>/", {"methods": ["GET"]}),
    ("/e/<x>/", {"websocket": True}),
    ("/e/<x>/", {"defaults": {"y": 1}}),
    ("/f/<chosen:x>/", {}),
    ("/<any(g,h):x>/", {}),
    ("/<x>/k/", {"alias": True, "endpoint": "/a/<int:x>/"}),
]
VARIED_ROUTER = Router(converters={"chosen": Chosen})
for string, options in VARIED:
    VARIED_ROUTER.add(Rule(string, **{"endpoint": string, **options}))


@given(
    st.lists(
        st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "k", "7", "x.txt", "", "caf\xe9"]), max_size=4
    ),
    st.sampled_from(["GET", "POST", "PUT", "get"]),
    st.sampled_from(["", "q=1"]),
)
def test_rules_with_variables(segments: list[str], method: str, query: str) -> None:
    """Whether a path is redirected depends on methods, other rules and options, as for an adapter."""
    path = "/" + "/".join(segments)
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "localhost", "REQUEST_METHOD": method}
    environ |= {"PATH_INFO": path.encode().decode("latin-1"), "QUERY_STRING": query}
    expected = outcome(lambda: VARIED_ROUTER.bind_to_environ(environ).match(return_rule=True))
    assert outcome(lambda: VARIED_ROUTER.match_request(environ, path, method)) == expected
    found = VARIED_ROUTER.match_plain(environ, {"SERVER_NAME": None, "TRUSTED_HOSTS": None})
    if isinstance(found, RequestRedirect):
        assert (RequestRedirect, found.new_url) == expected


@pytest.mark.parametrize("path", ["/a/7", "/b/x/c", "/d/a.txt", "/f/x", "/g"])
def test_tables_redirect_with_variables(path: str) -> None:
    """No walk is needed for a redirect of a rule with variables, and no value is converted."""
    Chosen.converted.clear()
    environ = {
        "wsgi.url_scheme": "https",
        "HTTP_HOST": "shop.example",
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
    }
    assert VARIED_ROUTER.table.any_host is not None  # built now
    found = VARIED_ROUTER.match_plain(
        {**environ, "QUERY_STRING": "a=1"}, {"SERVER_NAME": None, "TRUSTED_HOSTS": None}
    )
    assert isinstance(found, RequestRedirect)
    assert found.new_url == f"https://shop.example{path}/?a=1"
    assert Chosen.converted == []


@pytest.mark.parametrize(
    "path", ["//evil.example", "//evil.example/k", "///evil.example", "/\\evil.example/k"]
)
def test_no_redirect_to_another_host(path: str) -> None:
    """A path that begins with two slashes is never the beginning of a location."""
    app = Cocopot("test", static_folder=None, autoload=False)
    app.add_url_rule("/<x>/", "variable", lambda x: x)
    app.add_url_rule("/<x>/k/", "deep", lambda x: x)
    app.add_url_rule("/<path:x>/e/", "path", lambda x: x)
    for application in (app, partial(lifecycle.handle_request, app)):
        environ = {**create_environ("/"), "PATH_INFO": path}
        _, status, headers = run_wsgi_app(application, environ)
        assert status.startswith(("308", "404"))
        assert headers.get("Location", "http://localhost/x").startswith("http://localhost/")
        assert not headers.get("Location", "").startswith("http://localhost//")
