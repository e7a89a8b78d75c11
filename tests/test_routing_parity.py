"""Random rules and paths: the Router answers as Werkzeug's Map does."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import BadHost, HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, Map, RequestRedirect, UnicodeConverter, ValidationError
from werkzeug.routing import Rule as WerkzeugRule

from cocopot import speedups
from cocopot.routing import Router, Rule
from cocopot.routing.converters import CONVERTERS as BUILTIN_CONVERTERS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A byte of a query that is not UTF-8 stays what it is in a redirect; Werkzeug replaces it (RFC 3986, 2.1).
NOT_UTF8 = "%E9"
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "get")
SUBDOMAINS = ("", "", "", "api", "<sub>", "<int:sub>")
HOSTS = ("", "example.com", "api.example.com", "<sub>.example.com")
REQUEST_HOSTS = ("example.com", "api.example.com", "7.example.com", "example.com:8080", "other.org", "a..b")

NO_SUBDOMAINS = ("example.com:8080", "other.org")


class ListConverter(BaseConverter):
    """Takes slashes and may be empty."""

    regex = r"(?:\w+(?:/\w+)?)?"
    part_isolating = False

    def to_python(self, value: str) -> list[str]:
        return value.split("/")

    def to_url(self, value: Any) -> str:
        return "/".join(value)


class OddConverter(BaseConverter):
    """Refuses what its expression lets through, and may be empty."""

    regex = r"([ab])?\d*"
    weight = 40

    def to_python(self, value: str) -> str:
        if value.endswith(("0", "2")):
            raise ValidationError
        return value


class UpperConverter(UnicodeConverter):
    """Only converts."""

    def to_python(self, value: str) -> str:
        return value.upper()


#: The function that decides by the tables alone, compiled or not, and its twin.
PLAIN = (speedups.match_plain, speedups.python.match_plain)
#: Werkzeug's map gets our built-in converters too: how they differ is in `tests/routing/test_converters.py`.
CONVERTERS = {**BUILTIN_CONVERTERS, "list": ListConverter, "odd": OddConverter, "upper": UpperConverter}

texts = st.sampled_from(["a", "b", "a1", "1", "é", "a.b", ""])
variables = st.sampled_from(
    [
        "<{}>",
        "<{}>",
        "<string(length=2):{}>",
        "<string(minlength=2, maxlength=3):{}>",
        "<int:{}>",
        "<int(fixed_digits=2):{}>",
        "<int(min=2, max=9):{}>",
        "<int(signed=True, max=0):{}>",
        "<float:{}>",
        "<uuid:{}>",
        "<any(a, b, 'a.b'):{}>",
        "<path:{}>",
        "<list:{}>",
        "<odd:{}>",
        "<upper:{}>",
    ]
)
segments = st.one_of(
    texts,
    texts,
    variables,
    variables,
    st.tuples(texts, variables, texts).map("".join),
    st.tuples(variables, st.sampled_from(["-", "a", ""]), variables).map("".join),
)


@st.composite
def rule_options(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    names = iter("uvwxyzklmnop")
    parts = draw(st.lists(segments, max_size=4))
    named = ["".join(c if c != "\0" else next(names) for c in part.replace("{}", "\0")) for part in parts]
    string = "/" + "/".join(named) + draw(st.sampled_from(["", "", "/"]))
    options: dict[str, Any] = {
        "endpoint": draw(st.sampled_from("efg")),
        "methods": draw(st.sampled_from([None, None, ["GET"], ["POST"], ["GET", "OPTIONS"], ["PUT"], []])),
        "defaults": draw(st.sampled_from([None, None, None, {"u": "a"}, {"u": 1}, {"d": 1}])),
        "subdomain": draw(st.sampled_from(SUBDOMAINS)),
        "host": draw(st.sampled_from(HOSTS)),
    }
    for name in ("strict_slashes", "merge_slashes"):
        options[name] = draw(st.sampled_from([None, None, True, False]))
    rare = draw(st.sampled_from(["", "", "", "", "alias", "build_only", "websocket", "redirect_to"]))
    if rare == "websocket":
        options["methods"] = None
    if rare:
        options[rare] = (
            "new/<u>" if rare == "redirect_to" and "u" in string else rare != "redirect_to" or "new"
        )
    return string, options


map_options = st.fixed_dictionaries(
    {
        "strict_slashes": st.booleans(),
        "merge_slashes": st.booleans(),
        "redirect_defaults": st.booleans(),
        "host_matching": st.sampled_from([False, False, False, True]),
        "default_subdomain": st.sampled_from(["", "", "api"]),
    }
)
values = st.sampled_from(
    [
        "a", "b", "ab", "abc", "A", "1", "7", "12", "02", "-3", "1.5", "٣", "é", "a.b", "a/b", "", "\n",
        "a\n", "b-1", "a1a",
        "12345678-1234-5678-1234-567812345678",
    ]
)  # fmt: skip
paths = st.lists(values | texts, max_size=5).map(lambda parts: "/" + "/".join(parts))


@st.composite
def near_paths(draw: st.DrawFn, rules: list[tuple[str, dict[str, Any]]]) -> str:
    """Take a rule, fill in its variables, and perhaps change a little."""
    if not rules or draw(st.integers(0, 4)) == 0:
        return draw(paths | st.text(max_size=8))
    pieces = []
    rest = draw(st.sampled_from(rules))[0]
    while "<" in rest:
        before, _, rest = rest.partition("<")
        variable, _, rest = rest.partition(">")
        typical = {"int": "7", "float": "1.5", "uuid": "12345678-1234-5678-1234-567812345678", "any(": "a"}
        usual = next((text for name, text in typical.items() if variable.startswith(name)), "ab")
        pieces += [before, draw(st.sampled_from([usual, usual]) | values)]
    path = "".join([*pieces, rest])
    change = draw(st.sampled_from(["", "", "", "add", "drop", "double", "strip", "twice"]))
    if change == "add":
        return path + "/"
    if change == "double":
        return path.replace("/", "//", draw(st.integers(1, 3)))
    if change == "twice":
        return "/" + path
    return path.rstrip("/") if change == "drop" else path.lstrip("/") if change == "strip" else path


def outcome(match: Any, indices: Mapping[int, int]) -> tuple[Any, ...]:
    """What a match comes to, in a form that can be compared."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            rule, arguments = match()
        except RequestRedirect as error:
            return "redirect", error.code, error.new_url.replace("\ufffd", NOT_UTF8)
        except MethodNotAllowed as error:
            return "method", sorted(error.valid_methods or ())
        except HTTPException as error:
            return (type(error),)
        except (ValueError, AssertionError, KeyError, TypeError, LookupError) as error:
            return type(error), str(error)
    return indices[id(rule)], arguments, {name: type(value) for name, value in arguments.items()}


def environ_for(path: str, method: str, host: str, query: str, upgrade: bool) -> dict[str, Any]:
    environ = {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": host,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REQUEST_METHOD": method,
        "PATH_INFO": path.encode().decode("latin1"),
        "SCRIPT_NAME": "",
        "QUERY_STRING": query,
    }
    if upgrade:
        environ |= {"HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"}
    return environ


def build(kind: Any, rule_kind: Any, rules: list[tuple[str, dict[str, Any]]], options: dict[str, Any]) -> Any:
    made = [rule_kind(string, **arguments) for string, arguments in rules]
    return kind(made, converters=CONVERTERS, **options), {id(rule): index for index, rule in enumerate(made)}


def compare(data: st.DataObject, rules: list[tuple[str, dict[str, Any]]], options: dict[str, Any]) -> None:
    try:
        oracle, expected_indices = build(Map, WerkzeugRule, rules, options)
    except Exception:  # noqa: BLE001 - defaults that no converter takes; the same mistake in both
        return
    router, indices = build(Router, Rule, rules, options)
    server_name = data.draw(st.sampled_from([None, None, "example.com"]))
    subdomain = None if options["host_matching"] else data.draw(st.sampled_from([None, None, "", "api"]))
    for _ in range(6):
        path = data.draw(near_paths(rules))
        method = data.draw(st.sampled_from(METHODS))
        environ = environ_for(
            path,
            method,
            data.draw(st.sampled_from(REQUEST_HOSTS[:1] * 8 + REQUEST_HOSTS)),
            data.draw(st.sampled_from(["", "q=1&r=é"])),
            data.draw(st.integers(0, 9)) == 0,
        )
        expected = outcome(
            lambda: oracle.bind_to_environ(environ, server_name, subdomain).match(return_rule=True),  # noqa: B023
            expected_indices,
        )
        if environ["HTTP_HOST"] == "a..b":  # to Werkzeug not valid either, unless there is a server name
            expected = (BadHost,)
        elif (
            server_name
            and subdomain is None
            and not options["host_matching"]
            and environ["HTTP_HOST"] in NO_SUBDOMAINS
        ):
            expected = (NotFound,)  # Werkzeug's subdomain is "<invalid>" then, which a variable accepts
        # The first match of a host goes through Werkzeug's adapter, the second does not.
        for shown in (path, path, "/" + path.lstrip("/")):
            actual = outcome(
                lambda: router.match_request(environ, shown, method, server_name, subdomain),  # noqa: B023
                indices,
            )
            assert actual == expected, (path, method, rules)
        domain = {"SERVER_NAME": server_name, "TRUSTED_HOSTS": None}
        if subdomain == (options.get("default_subdomain", "") if server_name else None) or (
            server_name and subdomain is None and not options["host_matching"]
        ):
            for find in PLAIN:
                found = find(router, environ, domain, subdomain is None)
                assert found is None or outcome(partial(given_back, found), indices) == expected, (
                    *(path, method, rules, found),
                )


def given_back(found: Any) -> Any:
    """Return a match, or raise the exception."""
    if isinstance(found, HTTPException):
        raise found
    return found


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), rules=st.lists(rule_options(), max_size=8), options=map_options)
def test_any_rules(
    data: st.DataObject, rules: list[tuple[str, dict[str, Any]]], options: dict[str, Any]
) -> None:
    """Whatever the rules, rule, arguments and errors are Werkzeug's."""
    compare(data, rules, options)


few = st.sampled_from(["a", "b", "<{}>", "<int:{}>", "<any(a, b):{}>", "<odd:{}>", "<path:{}>"])


@st.composite
def crowded(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    names = iter("uvwx")
    parts = [part.format(next(names)) for part in draw(st.lists(few, min_size=1, max_size=4))]
    options = {
        "endpoint": "e" if draw(st.integers(0, 5)) == 0 else object(),
        "methods": draw(st.sampled_from([None, ["GET"], ["POST"], ["GET", "PUT"]])),
        "strict_slashes": draw(st.sampled_from([True, True, False])),
    }
    return "/" + "/".join(parts) + draw(st.sampled_from(["", "", "/"])), options


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), rules=st.lists(crowded(), min_size=3, max_size=14))
def test_rules_that_overlap(data: st.DataObject, rules: list[tuple[str, dict[str, Any]]]) -> None:
    """Where many rules share their segments, the same one wins as in Werkzeug."""
    compare(data, rules, {"host_matching": False})


@st.composite
def partly_static(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    names = iter("uvwx")
    fixed = st.sampled_from(["", "a", "b", "ab", "-", "a.b", "(a)", "a/b", "/a", "b/", "/a/", "-b-", ".a-b."])
    pieces = [draw(fixed)]
    for _ in range(draw(st.integers(1, 3))):
        pieces += [draw(variables).format(next(names)), draw(fixed)]
    options = {"endpoint": object(), "methods": draw(st.sampled_from([None, None, ["GET"], ["POST"]]))}
    return "/" + "".join(pieces), options


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), rules=st.lists(partly_static(), min_size=8, max_size=30))
def test_rules_with_static_text_in_variable_segments(
    data: st.DataObject, rules: list[tuple[str, dict[str, Any]]]
) -> None:
    """Where so many rules have static text around their variables that it is indexed, the same one wins."""
    compare(data, rules, {"host_matching": False})
