"""URLs that need no conversion are recognized, and texts are quoted, as elsewhere."""

from __future__ import annotations

from html import escape
from importlib import import_module
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.urls import iri_to_uri, uri_to_iri

from cocopot import speedups
from cocopot.hosts import get_host
from cocopot.request_urls import quote_query
from cocopot.speedups import quoting

KINDS: list[Any] = [quoting]
if speedups.COMPILED:
    KINDS.append(import_module("cocopot.speedups._compiled"))
both = pytest.mark.parametrize("kind", KINDS)

HOST_PIECES = [*"aZ0-_.:[]~%8\xe9/@", "xn--", "80", "443", "a.b", "x" * 62, "a" * 250]
host_texts = st.lists(st.sampled_from(HOST_PIECES), max_size=5).map("".join)
path_texts = st.lists(st.sampled_from([*"/a?#%.\xe9 ;=[", "\n"]), max_size=4).map("".join)


@given(host_texts, st.sampled_from(["http", "https", "ws", "x"]))
@settings(max_examples=1000, deadline=None)
def test_plain_hosts(text: str, scheme: str) -> None:
    """A host that is plain is what the inspection makes of it, and both parts agree on which are."""
    found = [kind.plain_host(text, scheme) for kind in KINDS]
    assert found == [found[0]] * len(found)
    if found[0] is not None:
        assert found[0] == get_host(scheme, text, None)


@given(st.sampled_from(["http", "https", "HTTP", ""]), host_texts, path_texts, path_texts)
@settings(max_examples=1000, deadline=None)
def test_plain_urls(scheme: str, host: str, path: str, query: str) -> None:
    """Both parts agree on which URLs need no conversion; of those Werkzeug would change nothing."""
    with_query = [kind.plain_url(scheme, host, path, query) for kind in KINDS]
    assert with_query == [with_query[0]] * len(with_query)
    found = [kind.plain_url(scheme, host, path) for kind in KINDS]
    assert found == [found[0]] * len(found)
    assert with_query[0] in {None, found[0] if query == "" else f"{found[0]}?{query}"}
    if found[0] is not None:
        assert (with_query[0] is not None) is (query == "" or quote_query(query.encode()) == query)
        assert found[0] == f"{scheme}://{host}{path}"
        assert uri_to_iri(found[0]) == iri_to_uri(found[0]) == found[0]


@both
def test_a_query_of_bytes(kind: Any) -> None:
    """A query that a server must not pass (PEP 3333) is left to what reports it."""
    assert kind.plain_url("http", "h", "/", b"a=1") is None
    assert kind.plain_url("http", "h", "/", b"") is None


@given(st.text() | st.lists(st.sampled_from([*"/a%\xe9\u20ac\u0661\u65e5\u2160\ufffd"])).map("".join))
@settings(max_examples=1000, deadline=None)
def test_plain_iris(text: str) -> None:
    """Both parts agree on which paths need no conversion in an IRI."""
    found = [kind.plain_url("http", "h", f"/{text}", "", True) for kind in KINDS]
    assert found == [found[0]] * len(found)
    assert found[0] in {None, f"http://h/{text}"}
    if found[0] is not None:
        assert uri_to_iri(iri_to_uri(found[0])) == found[0]
    if not text.isascii():
        assert all(kind.plain_url("http", "h", f"/{text}") is None for kind in KINDS)


@given(st.text(), st.sampled_from(["", "/", "%", "?&=", "".join(map(chr, range(128)))]))
@example("\u20ac \xe9~%/", "/")
@example("\ud800", "")
def test_quoting(text: str, safe: str) -> None:
    """A text, or its bytes, is quoted as the standard library does it."""
    for kind in KINDS:
        quoter = kind.Quoter(safe)
        try:
            expected = quote(text, safe=safe)
        except UnicodeEncodeError:
            with pytest.raises(UnicodeEncodeError):
                quoter(text)
        else:
            assert quoter(text) == quoter(text.encode()) == expected
            assert type(quoter(Markup(text))) is str
        with pytest.raises(TypeError):
            quoter(None)


@both
@given(st.text())
def test_the_page_of_a_redirect(kind: Any, location: str) -> None:
    """The URL is in the page twice, escaped."""
    assert f'<a href="{escape(location)}">{escape(location)}</a>' in kind.redirect_body(location)
    assert kind.redirect_body("/?a='1'&b=\"<>").endswith(
        '<a href="/?a=&#x27;1&#x27;&amp;b=&quot;&lt;&gt;">/?a=&#x27;1&#x27;&amp;b=&quot;&lt;&gt;</a>\n'
    )


@both
def test_usual_urls_are_plain(kind: Any) -> None:
    """The hosts and paths of nearly all requests need no inspection."""
    assert kind.plain_host("shop.example:80", "http") == "shop.example"
    assert kind.plain_host("127.0.0.1:8000", "http") == "127.0.0.1:8000"
    assert kind.plain_url("https", "shop.example:8443", "/a/b;c=1") == "https://shop.example:8443/a/b;c=1"
    for path in ("/%41", "/a?b", "/a b", "a", "/\xe9"):
        assert kind.plain_url("https", "shop.example", path) is None
    for host in ("", "a..b", "a:", "a:080", "a:x", "a:12345", "[::1]", "xn--a", "A", "a" * 64):
        assert kind.plain_url("https", host, "/") is None
