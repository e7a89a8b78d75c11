"""Which blueprint's error handlers answer a request that matched no rule."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import BaseConverter, ValidationError
from werkzeug.test import create_environ

from cocopot import Blueprint, Cocopot, Request
from cocopot.registry.blueprint_scopes import BlueprintScopes
from tests.calls import count_calls


class EvenConverter(BaseConverter):
    """Even numbers."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        if int(value) % 2:
            raise ValidationError
        return int(value)


def make_blueprint(name: str, rule: str | None = "/", **options: Any) -> Blueprint:
    blueprint = Blueprint(
        name, __name__, **{key: options.pop(key) for key in ("url_prefix", "subdomain") & options.keys()}
    )
    if rule is not None:
        blueprint.add_url_rule(rule, "index", lambda **_: name, **options)
    for code in (400, 404, 405):
        blueprint.register_error_handler(code, lambda error: (f"{name} {error.code}", error.code))
    return blueprint


def make_app(*blueprints: Blueprint, **options: Any) -> Cocopot:
    server_name = options.pop("server_name", None)
    app = Cocopot("scopes", static_folder=None, autoload=False, **options)
    app.config["SERVER_NAME"] = server_name
    app.router.converters["even"] = EvenConverter
    for code in (400, 404, 405):
        app.register_error_handler(code, lambda error: (f"app {error.code}", error.code))
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app


@pytest.mark.parametrize(
    ("prefix", "inside", "outside"),
    [
        (
            "/admin",
            "/admin /admin/ /admin/x /admin/x/y /admin//x /admin//",
            "/ /administrator /x/admin /Admin/x /adm",
        ),
        ("/admin/", "/admin /admin/x", "/administrator/ /x"),
        (
            "/<int:n>/admin",
            "/12/admin/x /0/admin",
            "/abc/admin/x /-1/admin/x /\u0663/admin/x /12/administrator",
        ),
        ("/<even:n>", "/12/x", "/13/x /x/12"),
        ("/<float:n>", "/1.5/x", f"/{'9' * 400}.0/x /1/x"),
        ("/v<int:n>-x", "/v1-x/y", "/v-x/y /v1-xy/y"),
        ("/<any(de, en):lang>", "/de/x /en", "/fr/x /des"),
        ("/<string(length=2):lang>", "/de/x", "/deu/x"),
        ("/<uuid:u>", "/12345678-1234-5678-1234-567812345678/x", "/1234/x"),
        ("/<path:p>/admin", "/a/b/admin/x /a/admin", "/admin/x /a/b/admins"),
        ("/a/<path:p>", "/a/x /a/x/y", "/a /b/x"),
        ("/x y/\u20ac", "/x y/\u20ac/z", "/x y/z"),
        ("/a.b", "/a.b/x", "/axb/x"),
    ],
)
def test_a_prefix_is_read_as_the_router_reads_it(prefix: str, inside: str, outside: str) -> None:
    """A blueprint answers below its prefix, by whole segments, where the converters accept the path."""
    client = make_app(make_blueprint("bp", "/known", url_prefix=prefix)).test_client()
    split = str.split if " " not in prefix else lambda text: [text]
    for path in split(inside):
        assert client.get(f"{path}?q").text == "bp 404", path
    for path in split(outside):
        assert client.get(path).text == "app 404", path


def test_the_longest_prefix_counts() -> None:
    """Then the one without variables, then the one registered first; a parent before its children."""
    outer = make_blueprint("outer", url_prefix="/outer")
    outer.register_blueprint(make_blueprint("inner", url_prefix="/inner"))
    outer.register_blueprint(make_blueprint("same"))
    app = make_app(
        make_blueprint("root", url_prefix="/"),
        make_blueprint("language", url_prefix="/<language>"),
        make_blueprint("deep", url_prefix="/<language>/x"),
        outer,
        make_blueprint("other", url_prefix="/outer/"),
        make_blueprint("none"),
    )
    client = app.test_client()
    expected = {
        "/de/none": "language",
        "/de/x/none": "deep",
        "/outer/x/none": "deep",
        "/outer/none": "outer",
        "/outer/inner/none": "inner",
        "/outer/innermost": "outer",
    }
    assert {path: client.get(path).text.split()[0] for path in expected} == expected


def test_the_handlers_of_parents() -> None:
    """A blueprint without a handler leaves the error to the one that contains it."""
    outer = make_blueprint("outer", url_prefix="/outer")
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    inner.add_url_rule("/", "index", lambda: "inner")
    outer.register_blueprint(inner)
    assert make_app(outer).test_client().get("/outer/inner/none").text == "outer 404"


def test_methods_and_bad_requests() -> None:
    """A method that is not allowed and a path that is not UTF-8 belong to the prefix too."""
    app = make_app(make_blueprint("bp", "/known", url_prefix="/bp"), make_blueprint("none", "/other"))
    client = app.test_client()
    assert client.post("/bp/known").text == "bp 405"
    assert client.post("/other").text == "app 405"
    assert client.get("/", environ_overrides={"PATH_INFO": "/bp/\xff"}).text == "bp 400"
    assert client.get("/", environ_overrides={"PATH_INFO": "/\xff"}).text == "app 400"
    assert client.get("/bp/x", base_url="http://h/root").text == "bp 404"
    assert client.get("/bp/x", base_url="http://h/bp").text == "bp 404"
    assert client.get("/x", base_url="http://h/bp").text == "app 404"


def test_subdomains() -> None:
    """A blueprint answers for its own subdomain only, and without a prefix for all of it."""
    app = make_app(
        make_blueprint("api", subdomain="api"),
        make_blueprint("files", url_prefix="/files", subdomain="api"),
        make_blueprint("tenant", subdomain="<tenant>"),
        make_blueprint("shop", url_prefix="/shop"),
        subdomain_matching=True,
        server_name="shop.example",
    )
    client = app.test_client()
    expected = {
        ("api", "/x"): "api",
        ("api", "/files/x"): "files",
        ("api", "/shop/x"): "api",
        ("API", "/files/x"): "files",
        ("ada", "/files/x"): "tenant",
        ("a.b", "/shop/x"): "tenant",
        ("", "/shop/x"): "shop",
        ("", "/files/x"): "app",
    }
    for (subdomain, path), name in expected.items():
        host = f"{subdomain}.shop.example".lstrip(".")
        assert client.get(path, base_url=f"http://{host}").text == f"{name} 404", (subdomain, path)
    assert client.get("/shop/x", base_url="http://other.example").text == "app 404"
    assert client.get("/shop/x", environ_overrides={"HTTP_HOST": "a b"}).text == "app 400"


def test_subdomains_without_matching() -> None:
    """Where the router ignores subdomains, a blueprint of a subdomain answers nothing."""
    app = make_app(
        make_blueprint("api", url_prefix="/x", subdomain="api"), make_blueprint("x", url_prefix="/x")
    )
    for server_name in (None, "shop.example"):
        app.config["SERVER_NAME"] = server_name
        client = app.test_client()
        assert client.get("/x/y", base_url="http://api.shop.example").text == "x 404"


def test_hosts() -> None:
    """With host matching, a blueprint answers for the hosts of its rules."""
    app = make_app(
        make_blueprint("one", "/known", url_prefix="/x", host="one.example"),
        make_blueprint("two", "/known", host="two.example:8080"),
        make_blueprint("any", "/known", url_prefix="/any", host="<host>"),
        make_blueprint("every", "/known", host="<host>"),
        make_blueprint("sub", "/known", host="<sub>.example"),
        host_matching=True,
    )
    client = app.test_client()
    expected = {
        "http://one.example/x/y": "one",
        "http://ONE.example./x/y": "one",
        "http://one.example/any/y": "any",
        "http://two.example:8080/x/y": "two",
        "http://other/x/y": "app",
        "http://other/any/y": "any",
        "http://three.example/x/y": "sub",
    }
    assert {url: client.get(url).text.split()[0] for url in expected} == expected
    assert client.post("/known", base_url="http://two.example:8080").text == "two 405"


def test_what_is_added_later() -> None:
    """Blueprints and rules that are added after an error are taken into account."""
    app = make_app(make_blueprint("one", url_prefix="/one"))
    client = app.test_client()
    assert client.get("/two/x").text == "app 404"
    app.started = False
    app.register_blueprint(make_blueprint("two", None, url_prefix="/two"))
    assert client.get("/two/x").text == "two 404"
    assert client.get("/one/x").text == "one 404"


def test_a_prefix_that_no_rule_can_have() -> None:
    """A blueprint without rules whose prefix is invalid answers nothing, and is no error."""
    app = make_app(
        make_blueprint("bad", None, url_prefix="/<unknown:x>"), make_blueprint("x", url_prefix="/x")
    )
    client = app.test_client()
    assert [client.get("/bad").text, client.get("/x/y").text] == ["app 404", "x 404"]


def calls_of_request(app: Cocopot, path: str) -> int:
    """Return how many functions are called to answer a request, after the first one."""
    client = app.test_client()
    client.get(path)
    return count_calls(partial(client.get, path))


@pytest.mark.parametrize(
    "prefix",
    [
        *("/p{0}", "/<int:n>/p{0}", "/same/<name>/p{0}/q", "/p{0}/<path:p>"),
        *("/<n>-p{0}", "/<path:p>/p{0}", "/<path:p>/p{0}/<n>"),
    ],
)
def test_the_number_of_blueprints_makes_no_difference(prefix: str) -> None:
    """A 404 takes as many steps with 300 blueprints as with 10."""
    counts = []
    for number in (10, 300):
        blueprints = [make_blueprint(f"bp{n}", url_prefix=prefix.format(n)) for n in range(number)]
        app = make_app(*blueprints)
        counts.append(
            [calls_of_request(app, path) for path in ("/none", "/p7/x/y/z", "/7/p7/x", "/same/x/p7/q/r")]
        )
    assert all(abs(few - many) < 30 for few, many in zip(*counts, strict=True))


SEGMENTS = st.sampled_from(["a", "b", "ab", "a.b"])
PREFIXES = st.lists(SEGMENTS, max_size=3).map(lambda parts: "".join(f"/{part}" for part in parts))
PATHS = st.lists(SEGMENTS | st.sampled_from(["", "c", "A"]), max_size=5).map("/".join)


@given(prefixes=st.lists(PREFIXES, max_size=5), paths=st.lists(PATHS, min_size=1, max_size=5))
def test_prefixes_without_variables(prefixes: list[str], paths: list[str]) -> None:
    """They are looked up, which finds what the router finds."""
    blueprints = [make_blueprint(f"b{number}", url_prefix=prefix) for number, prefix in enumerate(prefixes)]
    app = make_app(*blueprints)
    plain, general = (BlueprintScopes(app, app.router.table) for _ in range(2))
    assert plain._plain is not None
    general._plain = None
    for path in paths:
        request = Request(create_environ(f"/{path}"))
        assert plain.find(request) == general.find(request), path
