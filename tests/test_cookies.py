from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import dump_cookie, parse_date

from cocopot import cookies
from cocopot.response import Response


def cookie(*args: Any, **kwargs: Any) -> str:
    """Return the header that `set_cookie` adds."""
    response = Response("a")
    response.set_cookie(*args, **kwargs)
    return response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "name", ["sid; Domain=evil.example", "a b", "", "a=b", "\xe9", "a\n", "a,b", '"a"', "a/b"]
)
def test_a_name_is_a_token(name: str) -> None:
    """A name that is not a token is refused, so that it cannot add attributes (RFC 6265, 4.1.1)."""
    response = Response("a")
    with pytest.raises(ValueError, match="is not the name of a cookie"):
        response.set_cookie(name, "v")
    with pytest.raises(ValueError, match="is not the name of a cookie"):
        response.delete_cookie(name)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("value", [5, b"a", ["a"]])
@pytest.mark.parametrize("what", ["name", "value", "path", "domain"])
def test_what_is_not_a_string(what: str, value: Any) -> None:
    """The error names the part of the cookie that is not a string, when it is set and when it is deleted."""
    name, options = ("a", {what: value}) if what != "name" else (value, {})
    with pytest.raises(TypeError, match=rf"^The {what} of a cookie is a string, not "):
        Response("a").set_cookie(name, **options)
    if what != "value":
        with pytest.raises(TypeError, match=rf"^The {what} of a cookie is a string, not "):
            Response("a").delete_cookie(name, **options)


@pytest.mark.parametrize("name", ["sid", "a.b", "!#$%&'*+-.^_`|~09azAZ", "__Other"])
def test_any_token_is_a_name(name: str) -> None:
    """All characters of a token are allowed in a name."""
    assert cookie(name, "v") == f"{name}=v; Path=/"


@pytest.mark.parametrize("name", ["sid", "n" * 64, "n" * 65])
@pytest.mark.parametrize("attributes", [{}, {"path": "/a", "secure": True}, {"domain": "a.example"}])
def test_a_cookie_is_deleted(name: str, attributes: dict[str, Any]) -> None:
    """The header is that of a cookie which has expired, each time, whatever the length of the name."""
    for _ in range(2):
        response = Response("a")
        response.delete_cookie(name, **attributes)
        assert response.headers["Set-Cookie"] == cookie(name, "", max_age=0, expires=0, **attributes)


def test_a_long_name_is_not_cached() -> None:
    """The names of a client's cookies, each of which is deleted, take no memory."""
    before = cookies._deletion.cache_info().currsize
    for number in range(10):
        Response("a").delete_cookie(f"{number}" * 65)
    assert cookies._deletion.cache_info().currsize == before


def test_a_subclass_that_sets_cookies_deletes_them() -> None:
    """What `set_cookie` of a subclass does is done for a cookie that is deleted."""

    class Secured(Response):
        def set_cookie(self, *args: Any, **kwargs: Any) -> None:
            super().set_cookie(*args, **{**kwargs, "secure": True})

    response = Secured("a")
    response.delete_cookie("sid")
    assert "Secure" in response.headers["Set-Cookie"]


@pytest.mark.parametrize("value", ["a b", "a;b", 'a"b', "a\r\nb", "a\0", "\xe9\u0100", ""])
def test_a_value_is_quoted(value: str) -> None:
    """Any text is a value: what is not allowed in it is quoted."""
    header = cookie("a", value)
    assert header.endswith("; Path=/")
    assert header.isascii()
    assert header.isprintable()
    assert header.count(";") == 1


@pytest.mark.parametrize("path", ["/a;b", "/a\r\nb", "/a\0", "/\xe9\u0100"])
def test_a_path_is_quoted(path: str) -> None:
    """A path cannot add attributes either."""
    header = cookie("a", "v", path=path)
    assert header.startswith("a=v; Path=/")
    assert header.count(";") == 1
    assert header.isprintable()


@pytest.mark.parametrize(
    "domain", ["a.example; Secure", "a\n", "a b", "a/b", "[::1]", "a\u037eSecure", "a,b", "..a..b"]
)
def test_a_domain_is_the_name_of_a_host(domain: str) -> None:
    """A domain that is not is refused, also where it becomes so only in ASCII."""
    with pytest.raises(ValueError, match=r"is not the domain of a cookie|label"):
        cookie("a", "v", domain=domain)
    with pytest.raises(ValueError, match=r"is not the domain of a cookie|label"):
        Response("a").delete_cookie("a", domain=domain)


@pytest.mark.parametrize(
    ("domain", "sent"),
    [
        ("example.org", "example.org"),
        (".example.org", "example.org"),
        ("localhost:5000", "localhost"),
        ("my_service", "my_service"),
        ("b\xfccher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_sent_in_ascii(domain: str, sent: str) -> None:
    """A domain is sent without a port and a leading dot, and an internationalised one in ASCII."""
    assert cookie("a", "v", domain=domain) == f"a=v; Domain={sent}; Path=/"


@pytest.mark.parametrize(
    ("max_age", "sent"), [(60, "60"), ("60", "60"), (60.5, "60"), (True, "1"), (timedelta(minutes=1), "60")]
)
def test_an_age_is_whole_seconds(max_age: Any, sent: str) -> None:
    """Browsers ignore an age that is not a whole number."""
    assert f"; Max-Age={sent};" in cookie("a", "v", max_age=max_age)


def test_a_date_cannot_add_attributes() -> None:
    """A text is passed on as a date unless it begins another attribute; an age in words is refused."""
    assert "; Expires=Thu, 01 Jan 1970 00:00:00 GMT" in cookie("a", expires=0)
    assert "2001" in cookie("a", expires=datetime(2001, 1, 1, tzinfo=UTC))
    for expires in ("Thu, 01 Jan 1970 00:00:00 GMT; Domain=evil.example", "Thu\r\nX-A: b", "\x80"):
        with pytest.raises(ValueError, match="is not a date"):
            cookie("a", expires=expires)
    with pytest.raises(ValueError, match="invalid literal"):
        cookie("a", max_age="60; Domain=evil.example", expires=0)


@pytest.mark.parametrize("samesite", [True, False, "", "strict; Secure", "Sometimes", 1])
def test_an_unknown_policy_is_refused(samesite: Any) -> None:
    """The policy for other sites is one of three."""
    with pytest.raises(ValueError, match="samesite is 'Strict', 'Lax', 'None' or omitted"):
        cookie("a", samesite=samesite)
    assert cookie("a", samesite="lax").endswith("; SameSite=Lax")


def test_a_prefix_demands_attributes() -> None:
    """A cookie that browsers would drop because of its prefix is refused (RFC 6265bis, 4.1.3)."""
    assert cookie("__Secure-a", "v", secure=True, domain="example.org")
    assert cookie("__Host-a", "v", secure=True)
    assert cookie("__Host-a", "v", partitioned=True)
    refused: list[tuple[str, dict[str, Any]]] = [
        ("__Secure-a", {}),
        ("__host-a", {}),
        ("__Host-a", {"secure": True, "path": "/a"}),
        ("__Host-a", {"secure": True, "path": None}),
        ("__Host-a", {"secure": True, "domain": "example.org"}),
    ]
    for name, attributes in refused:
        with pytest.raises(ValueError, match="Browsers drop the cookie"):
            cookie(name, "v", **attributes)
        with pytest.raises(ValueError, match="Browsers drop the cookie"):
            Response("a").delete_cookie(name, **attributes)


def test_large_cookies_have_one_warning() -> None:
    """The warning about a large cookie is the same for each length, as Python keeps each text."""
    messages = set()
    for length in (5000, 5001, 60000):
        with pytest.warns(UserWarning, match="larger than 4093 bytes") as caught:
            cookie("sid", "v" * length)
        messages.add(str(caught[0].message))
        assert caught[0].filename == __file__
    assert len(messages) == 1


def test_the_limit_of_a_cookie_can_be_removed() -> None:
    """A subclass with the limit 0 sets cookies of any length without a warning."""

    class Unlimited(Response):
        max_cookie_size = 0

    response = Unlimited("a")
    response.set_cookie("sid", "v" * 5000)
    assert len(response.headers["Set-Cookie"]) > 5000


@pytest.mark.parametrize("max_age", [0, 60, -1, 10**9, timedelta(days=1, microseconds=5), 1.5, "60"])
def test_a_cookie_with_an_age_has_the_date_that_werkzeug_adds(
    max_age: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Expires` is the current time and the age, for old browsers."""
    monkeypatch.setattr("cocopot.cookies.time", lambda: 1_700_000_000.75)
    header = cookie("a", max_age=max_age)
    expires = parse_date(header.partition("; Expires=")[2].partition(";")[0])
    seconds = max_age.total_seconds() if isinstance(max_age, timedelta) else int(max_age)
    assert expires == datetime.fromtimestamp(1_700_000_000 + int(seconds), UTC)


@given(
    st.sampled_from(["sid", "__Secure-a", "__Host-a"]),
    st.text(st.sampled_from('ab.-_!~"\\;, \xe9\u0100\n\0?='), max_size=6),
    st.fixed_dictionaries(
        {"expires": st.sampled_from([0, 10**9, datetime(2026, 1, 2, tzinfo=UTC), "x?", ""])},
        optional={
            "max_age": st.sampled_from([None, 0, 60, -1, True, timedelta(days=1)]),
            "path": st.sampled_from([None, "/", "/a?b", "", "; Expires=; Max-Age=0"]),
            "domain": st.sampled_from([None, "", "example.org", ".a.example:5"]),
            "secure": st.sampled_from([False, True, 1, "?", None]),
            "httponly": st.sampled_from([False, True, 1, 0]),
            "samesite": st.sampled_from([None, "lax", "Strict", "NONE"]),
            "partitioned": st.booleans(),
        },
    ),
)
def test_a_cookie_is_werkzeugs(name: str, value: str, options: dict[str, Any]) -> None:
    """A cookie that is not refused is the one that Werkzeug makes, the first time and later."""
    max_age = options.get("max_age")
    age = max_age if max_age is None or isinstance(max_age, timedelta) else int(max_age)
    for _ in range(2):
        try:
            header = cookie(name, value, **options)
        except ValueError:
            return  # for lack of what the prefix demands
        assert header == dump_cookie(name, value, **{"path": "/", **options, "max_age": age}, max_size=0)
