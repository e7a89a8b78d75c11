"""The URLs of a request are those that the client asked for."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.test import run_wsgi_app
from werkzeug.urls import iri_to_uri

from cocopot import Cocopot, Request, request, request_urls, url_for

CHARACTERS = [chr(number) for number in range(1, 128) if chr(number) != "/"] + ["\xe9", "\u20ac", "\u2028"]


def make_environ(path: str, query: str = "", root: str = "") -> dict[str, Any]:
    """Return the environment of a request for an encoded path below an encoded root."""
    return {
        "REQUEST_METHOD": "GET",
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "h",
        "SERVER_PORT": "80",
        "HTTP_HOST": "h",
        "SCRIPT_NAME": unquote_to_bytes(root).decode("latin1"),
        "PATH_INFO": unquote_to_bytes(path).decode("latin1"),
        "QUERY_STRING": query,
    }


@pytest.mark.parametrize(
    ("path", "query", "url"),
    [
        ("/r/a%2541", "", "/r/a%2541"),
        ("/r/a%2541", "b=%2541&c=%41", "/r/a%2541?b=%2541&c=%41"),
        ("/%3F", "%23", "/%3F?%23"),
        ("/%23", "a#b", "/%23?a%23b"),
        ("/%25", "%", "/%25?%"),
        ("/a;b+c,d=e@f:g!h$i&j'k(l)m*n~o", "+", "/a;b+c,d=e@f:g!h$i&j'k(l)m*n~o?+"),
        ("/a%20b", "c d", "/a%20b?c%20d"),
        ("/%22%3Cscript%3E", "<script>", "/%22%3Cscript%3E?%3Cscript%3E"),
        ("/%0A%1B", "\n", "/%0A%1B?%0A"),
        ("/caf%C3%A9", "caf%C3%A9", "/caf\xe9?caf\xe9"),
        ("/%E2%80%A8%C2%85", "%e2%80%a8", "/%E2%80%A8%C2%85?%E2%80%A8"),
        ("/%FF%C3%A9", "%ff%c3%a9", "/%FF\xe9?%FF\xe9"),
        ("/", "a[]={1}|^`\\", "/?a[]={1}|^`\\"),
        ("//evil/x", "", "/evil/x"),
    ],
)
def test_special_characters(path: str, query: str, url: str) -> None:
    """A character with a meaning stays encoded in every URL of the request, also below a root."""
    for root in ("", path.replace("//", "/").rstrip("/")):
        made = Request(make_environ(path, query, root))
        shown_root = url.partition("?")[0].rstrip("/") if root else ""
        assert made.url == f"http://h{shown_root}{url}"
        assert made.base_url == f"http://h{shown_root}{url.partition('?')[0]}"
        assert made.root_url == made.url_root == f"http://h{shown_root}/"
        assert made.host_url == "http://h/"
        assert made.full_path == (url if query else f"{url}?")


segment_bytes = st.binary(max_size=12).map(lambda data: data.replace(b"/", b""))


@settings(deadline=None)
@given(segment_bytes, segment_bytes, st.binary(max_size=12).map(quote), st.booleans())
@example(b"%41", b"", "", False)
@example(b"\xef\xbf\xbd", b"\xff\xef\xbf\xbd", "%25", True)
def test_a_url_leads_back_to_its_request(root: bytes, path: bytes, query: str, has_root: bool) -> None:
    """Sent as a URI, the URL of a request asks for the same bytes again."""
    made = Request(make_environ(f"/{quote(path)}", query, f"/{quote(root)}" if has_root and root else ""))
    for url in (made.url, f"{made.root_url[:-1]}{made.full_path}"):
        parts = urlsplit(iri_to_uri(url))
        expected = b"/" + root + b"/" + path if has_root and root else b"/" + path
        assert (parts.scheme, parts.netloc, parts.query) == ("http", "h", query)
        assert unquote_to_bytes(parts.path) == expected


PIECES = [*"aZ0-._~/:@%?#&;=+ []", "%c3%a9", "\xc3\xa9", "\xff", "xn--", "\n"]
texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@settings(deadline=None, max_examples=500)
@given(
    st.sampled_from(["http", "https", "HTTP", "ws", ""]),
    st.sampled_from(
        ["h", "H.example", "a.b:80", "a:8080", "xn--bcher-kva.h", "h.xn--a", "axn--b", "[::1]:5", "a:0"]
    ),
    texts,
    texts,
    texts,
)
@example("http", "h", "", "?a", "")
@example("http", "a:80", "", "1", "")
def test_plain_urls_are_composed_as_others(scheme: str, host: str, root: str, path: str, query: str) -> None:
    """Those that need no conversion are the same as if they were converted."""
    environ = {**make_environ("/", query), "PATH_INFO": path, "SCRIPT_NAME": root, "wsgi.url_scheme": scheme}
    names = ("url", "base_url", "root_url", "host_url", "full_path")

    def urls() -> list[str]:
        made = Request({**environ, "HTTP_HOST": host})
        return [getattr(made, name) for name in names]

    plain = urls()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request_urls, "plain_url", lambda *_: None)
        for name, safe in (("path", "!$&'()*+,/:;=@"), ("query", "!$&'()*+,/:;=@?%[]{}|\\^`")):
            patch.setattr(request_urls, f"quote_{name}", partial(quote, safe=safe))
        assert urls() == plain


def test_urls_follow_what_is_set() -> None:
    """A path, a root or a query that is set replaces the one of the environment."""
    made = Request(make_environ("/%FF", "a", "/%FF"))
    made.path, made.root_path, made.query_string = "/a%b", "/c?", b"d e"
    assert made.url == "http://h/c%3F/a%25b?d%20e"


def test_an_international_host() -> None:
    """The URLs have the name in its own letters, unless it cannot be decoded."""
    environ = make_environ("/")
    assert Request({**environ, "HTTP_HOST": "xn--bcher-kva.h:8080"}).url == "http://b\xfccher.h:8080/"
    assert Request({**environ, "HTTP_HOST": "xn--a.h"}).url == "http://xn--a.h/"
    assert Request({**environ, "HTTP_HOST": "[::1]:5000"}).url == "http://[::1]:5000/"
    assert Request({**environ, "HTTP_HOST": "my_service"}).url == "http://my_service/"


@pytest.fixture(scope="module")
def redirecting() -> Cocopot:
    """An application whose router redirects for each reason."""
    app = Cocopot("urls", static_folder=None, autoload=False)
    app.add_url_rule("/slash/<name>/", "slash", lambda name: name)
    app.add_url_rule("/merged/<name>", "merged", lambda name: name)
    app.add_url_rule("/new/<name>", "alias", lambda name: name)
    app.add_url_rule("/alias/<name>", "alias", alias=True)
    app.add_url_rule("/one/<name>", "defaults", lambda name, page: name, defaults={"page": 1})
    app.add_url_rule("/defaults/<name>/<int:page>", "defaults")
    app.add_url_rule("/redirect_to/<name>", "redirect_to", redirect_to="/new/<name>")
    return app


@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize("kind", ["slash", "merged", "alias", "defaults", "redirect_to"])
def test_redirects_keep_every_character(redirecting: Cocopot, character: str, kind: str) -> None:
    """A redirect of the router is to the URL that was meant, with the path, the query and the root."""
    encoded = f"x{quote(character, safe='')}y"
    requested, expected = {
        "slash": (f"/slash/{encoded}", f"/slash/{encoded}/"),
        "merged": (f"//merged//{encoded}", f"/merged/{encoded}"),
        "alias": (f"/alias/{encoded}", f"/new/{encoded}"),
        "defaults": (f"/defaults/{encoded}/1", f"/one/{encoded}"),
        "redirect_to": (f"/redirect_to/{encoded}", f"/new/{encoded}"),
    }[kind]
    query = "" if kind == "redirect_to" else f"q={encoded}&%FF"
    root = "" if kind == "redirect_to" else f"/{encoded}"
    _, status, headers = run_wsgi_app(redirecting, make_environ(requested, query, root))
    parts = urlsplit(headers["Location"])
    assert status.startswith("308")
    assert (parts.scheme, parts.netloc, parts.query) == ("http", "h", query)
    assert unquote_to_bytes(parts.path) == unquote_to_bytes(f"{root}{expected}")


def test_built_urls_have_the_root_encoded() -> None:
    """A URL that is built below a root leads there."""
    app = Cocopot("urls", static_folder=None, autoload=False)
    app.add_url_rule("/x", "x", lambda: f"{url_for('x')} {url_for('x', _external=True)} {request.url}")
    body, *_ = run_wsgi_app(app, make_environ("/x", "", "/a%20%3F%2541"))
    assert b"".join(body) == b"/a%20%3F%2541/x http://h/a%20%3F%2541/x http://h/a%20%3F%2541/x"


def test_letters_and_digits_of_any_script_stay_as_they_are() -> None:
    """What is not encoded and decoded again is what encoding and decoding would return."""
    for number in range(0x80, 0x32000):
        char = chr(number)
        if request_urls._is_plain_iri_path(char):
            assert request_urls.to_iri(request_urls.quote_path(char.encode())) == char


@given(st.text("a%25E9c3\xe9&=+?[]\x00 ", max_size=12))
def test_a_query_is_that_of_the_general_way(query: str) -> None:
    """A query that is not quoted before it is decoded has nothing in it to be quoted."""
    made = Request(make_environ("/", query.encode().decode("latin1")))
    expected = request_urls.to_iri(request_urls.quote_query(made.query_string))
    assert made.full_path == f"/?{expected}"
