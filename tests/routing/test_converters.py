"""The built-in converters: what they accept, and what they build."""

from __future__ import annotations

import math
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BuildError

from cocopot import Cocopot, url_for
from cocopot.routing import Router, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

UUID = "12345678-1234-5678-1234-567812345678"
HUGE = "9" * 5000


def router_for(converter: str, *others: str) -> Router:
    rules = [
        Rule(f"/<{converter}:value>", endpoint="value"),
        Rule(f"/x-<{converter}:value>", endpoint="part"),
    ]
    return Router([*rules, *(Rule(f"/<{other}:value>", endpoint="value") for other in others)])


def match(router: Router, text: str, prefix: str = "/") -> Any:
    """Match a decoded text, by the tables, by a walk and in Werkzeug's way, which agree; `None` for a 404."""
    path = f"{prefix}{text}"
    environ = {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "h",
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path.encode().decode("latin1"),
        "QUERY_STRING": "",
    }
    results = []
    ways: list[Callable[[], Any]] = [
        lambda: router.bind("h").match(path),
        lambda: router.match_request(environ, path, "GET"),
        lambda: router.match_request(environ, path, "GET"),
        lambda: plain_match(router, environ) or router.match_request(environ, path, "GET"),
    ]
    for find in ways:
        try:
            results.append(repr(find()[1]["value"]))
        except NotFound:
            results.append("None")
    assert len(set(results)) == 1, results
    return eval(results[0], {"UUID": uuid.UUID, "inf": math.inf})


def plain_match(router: Router, environ: dict[str, Any]) -> Any:
    found = router.match_plain(environ, CONFIG)
    if isinstance(found, HTTPException):
        raise found
    return found


CONFIG = {"TRUSTED_HOSTS": None, "SERVER_NAME": None}

MATCHES: list[tuple[str, str, Any]] = [
    ("int", "0", 0),
    ("int", "007", 7),
    ("int", "9" * 4300, int("9" * 4300)),
    ("int(signed=True)", "-5", -5),
    ("int(signed=True)", "-0", 0),
    ("int(fixed_digits=3)", "005", 5),
    ("int(fixed_digits=3, signed=True)", "-005", -5),
    ("int(fixed_digits=3, signed=True)", "005", 5),
    ("int(min=2, max=4)", "4", 4),
    ("int(max=4, signed=True)", "-4", -4),
    ("float", "1.50", 1.5),
    ("float", "0." + "1" * 8000, 1 / 9),
    ("float", "9" * 300 + ".0", 1e300),
    ("float(signed=True)", "-0.5", -0.5),
    ("float(min=0.5, max=2)", "0.5", 0.5),
    ("uuid", UUID, uuid.UUID(UUID)),
    ("uuid", "ABCDEF12-1234-5678-1234-567812345678", uuid.UUID("abcdef12-1234-5678-1234-567812345678")),
    ("any(a, ab, 'a.b', 'x y', 'p/q', 1)", "ab", "ab"),
    ("any(a, ab, 'a.b', 'x y', 'p/q', 1)", "a.b", "a.b"),
    ("any(a, ab, 'a.b', 'x y', 'p/q', 1)", "x y", "x y"),
    ("any(a, ab, 'a.b', 'x y', 'p/q', 1)", "p/q", "p/q"),
    ("any(a, ab, 'a.b', 'x y', 'p/q', 1)", "1", "1"),
]
MISSES = [
    *(("int", text) for text in ("", "-1", "+5", "1_000", " 1", "1 ", "1\n", "1.0", "0x1", "1e3", "\u0663")),
    *(("int", text) for text in ("1\u0663", "\uff11", "\u00b2", "\u2460", HUGE, "a")),
    *(("int(signed=True)", text) for text in ("+5", "--5", "-", "- 5", "\u22125", f"-{HUGE}", "-\u0663")),
    *(("int(fixed_digits=3, signed=True)", text) for text in ("-05", "-0005", "05", "0005", "\u0663" * 3)),
    *(("int(min=2, max=4)", text) for text in ("1", "5", HUGE)),
    *(("float", text) for text in ("1", "1.", ".5", "1e5", "1.0e5", "inf", "nan", "-1.0", "+1.0", "1_0.0")),
    *(("float", text) for text in ("9" * 400 + ".0", "\u0661.\u0665", "1.\uff11", "1.0\n")),
    *(("float(signed=True)", text) for text in ("-" + "9" * 400 + ".0", "-inf", "--1.0")),
    *(("float(min=0.5, max=2)", text) for text in ("0.4", "2.1")),
    *(("uuid", text) for text in (UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}", UUID[:-1])),
    *(("uuid", text) for text in (UUID + "0", UUID.replace("1", "\u0661"), UUID.replace("1", "g"))),
    *(("any(a, 'a.b')", text) for text in ("", "b", "axb", "a.b.", "A", "a\n")),
]


@pytest.mark.parametrize(("converter", "text", "value"), MATCHES)
def test_what_matches(converter: str, text: str, value: object) -> None:
    """A text in a converter's form matches, alone in its segment or after other text."""
    router = router_for(converter)
    for prefix in ("/", "/x-"):
        found = match(router, text, prefix)
        assert found == (pytest.approx(value) if isinstance(value, float) else value)
        assert type(found) is type(value)


@pytest.mark.parametrize(("converter", "text"), MISSES)
def test_what_does_not_match(converter: str, text: str) -> None:
    """Any other text is a 404."""
    router = router_for(converter)
    assert [match(router, text, prefix) for prefix in ("/", "/x-")] == [None, None]


@pytest.mark.parametrize("text", ["9" * 400 + ".0", HUGE, f"{HUGE}.0", "\u0663", "\u0663.\u0663", "-" + HUGE])
def test_a_number_that_is_none_is_a_404(text: str) -> None:
    """Through the application, it is a 404, and no error."""
    app = Cocopot("converters", static_folder=None, autoload=False)
    for index, converter in enumerate(
        ("int", "float", "int(signed=True)", "int(max=9)", "int(fixed_digits=1)")
    ):
        app.add_url_rule(f"/{index}/<{converter}:n>", converter, lambda n: f"{n}")
        app.add_url_rule(f"/{index}/a<{converter}:n>/b", converter)
    client = app.test_client()
    for index in range(5):
        assert client.get(f"/{index}/{quote(text)}").status_code == 404
        assert client.get(f"/{index}/a{quote(text)}/b").status_code == 404


numbers = st.integers(-(10**6), 10**6)
options = st.fixed_dictionaries(
    {},
    optional={
        "signed": st.booleans(),
        "min": st.integers(0, 1000),
        "max": st.integers(0, 1000),
        "fixed_digits": st.integers(0, 5),
    },
)


def build(router: Router, value: object) -> str | None:
    try:
        return router.bind("h").build("value", {"value": value})
    except BuildError:
        return None


@settings(deadline=None)
@given(numbers, options)
def test_whole_numbers_match_again(number: int, arguments: dict[str, Any]) -> None:
    """A number is built if and only if it is allowed, and its URL has that number."""
    given_arguments = ", ".join(f"{name}={value}" for name, value in arguments.items())
    router = router_for(f"int({given_arguments})")
    digits = arguments.get("fixed_digits") or 0
    is_allowed = (
        (number >= 0 or arguments.get("signed", False))
        and arguments.get("min", number) <= number <= arguments.get("max", number)
        and (not digits or len(str(abs(number))) <= digits)
    )
    url = build(router, number)
    assert (url is not None) is is_allowed
    assert url is None or match(router, url[1:]) == number


@settings(deadline=None)
@given(st.floats(), st.booleans())
@example(-0.0, True)
@example(-0.0, False)
def test_floats_match_again(number: float, signed: bool) -> None:
    """A float is built without an exponent, and its URL has exactly that float; infinity cannot be built."""
    router = router_for(f"float(signed={signed})")
    url = build(router, number)
    assert (url is not None) is (math.isfinite(number) and (signed or number >= 0))
    assert url is None or repr(match(router, url[1:])) == repr(number if signed else abs(number))


@settings(deadline=None)
@given(st.uuids())
def test_uuids_match_again(value: uuid.UUID) -> None:
    """A UUID, or its text, is built in its usual form."""
    router = router_for("uuid")
    for given_value in (value, str(value), str(value).upper()):
        url = build(router, given_value)
        assert url is not None
        assert match(router, url[1:]) == value


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\"'\\<>()", exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_matches_again(item: str) -> None:
    """An item is quoted when it is built, whatever is in it."""
    if re.search("//|^/|/$", item):
        return
    router = router_for(f'any("{item}", "other")')
    url = build(router, item)
    assert url is not None
    assert url.isascii()
    assert not set(url) & set("?#% ") - {"%"}
    assert match(router, unquote_to_bytes(url[1:]).decode()) == item


@pytest.mark.parametrize(
    ("converter", "value"),
    [("int", -1), ("float", math.nan), ("float", "9" * 400), ("uuid", "abc"), ("int(max=3)", 4)],
)
def test_what_cannot_match_cannot_be_built(converter: str, value: object) -> None:
    """It is a `BuildError`, unless another rule of the endpoint accepts the value."""
    assert build(router_for(converter), value) is None
    assert build(router_for(converter, "string"), "-1") == "/-1"
    app = Cocopot("converters", static_folder=None, autoload=False)
    app.add_url_rule(f"/<{converter}:n>", "n", lambda n: n)
    with app.test_request_context(), pytest.raises(BuildError):
        url_for("n", n=value)


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1))
def test_no_text_is_an_error(text: str) -> None:
    """Whatever the text, matching ends with a value or a 404."""
    for converter in ("int", "float", "int(signed=True)", "uuid", "any(a, b)", "string(length=2)", "path"):
        try:
            match(router_for(converter), text)
        except HTTPException as error:
            pytest.fail(f"{error!r}")


def test_numbers_beyond_the_limits_of_python() -> None:
    """A number with more digits than Python writes, or too large for a float, cannot be built."""
    assert build(router_for("int"), 10**5000) is None
    assert build(router_for("float"), 10**400) is None
