"""URLs are built as Werkzeug builds them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.routing import BaseConverter, BuildError, Map
from werkzeug.routing import Rule as WerkzeugRule

from cocopot.routing import Router, Rule
from cocopot.routing.building import RuleIndex
from cocopot.routing.converters import CONVERTERS as BUILTIN_CONVERTERS


class HexConverter(BaseConverter):
    """Writes numbers."""

    regex = "[0-9a-f]+"

    def to_url(self, value: Any) -> str:
        return f"{value:x}"


CONVERTERS = {**BUILTIN_CONVERTERS, "hex": HexConverter}

variables = st.sampled_from(
    [
        "<{}>",
        "<string(length=2):{}>",
        "<int:{}>",
        "<int(fixed_digits=3):{}>",
        "<int(min=2, max=9):{}>",
        "<int(signed=True):{}>",
        "<float:{}>",
        "<uuid:{}>",
        "<any(a, b, 'é b'):{}>",
        "<path:{}>",
        "<hex:{}>",
    ]
)
texts = st.sampled_from(["", "a", "/", "/a b/", "é", "%", "a.b-c~", "{}", "'\""])
UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
values = st.sampled_from(
    ["a", "b", "é", "a b",
     "a/b", "", "%2F", "ä?#&=+", "~a.b", 0, 7, -3, 10**30, 1.5, True, None, UUID, ["a", 1], ("b",)]
) | st.text(max_size=3)  # fmt: skip


@st.composite
def rules(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    pieces = [draw(texts)]
    for name in "xyz"[: draw(st.integers(0, 3))]:
        pieces += [draw(variables).format(name), draw(texts).replace("{}", "")]
    options: dict[str, Any] = {
        "endpoint": draw(st.sampled_from("ef")),
        "methods": draw(st.sampled_from([None, None, ["GET"], ["POST"]])),
        "defaults": draw(st.sampled_from([None, None, None, {"x": "a"}, {"d": 1}])),
        "subdomain": draw(st.sampled_from(["", "", "", "api", "<sub>", "<int:sub>"])),
        "host": draw(st.sampled_from(["", "h", "<sub>.h"])),
        "websocket": draw(st.sampled_from([False] * 9 + [True])),
        "alias": draw(st.sampled_from([False, False, False, True])),
    }
    if options["websocket"]:
        options["methods"] = None
    return "/" + "".join(pieces).lstrip("/"), options


def built(adapter: Any, *args: Any, **kwargs: Any) -> str | type[Exception]:
    """Return the URL, or the class of the exception."""
    try:
        url: str = adapter.build(*args, **kwargs)
    except (ValueError, TypeError, LookupError, BuildError) as error:
        return type(error)
    return url


@settings(max_examples=300, deadline=None)
@given(
    data=st.data(),
    found=st.lists(rules(), min_size=1, max_size=4),
    options=st.fixed_dictionaries({"host_matching": st.booleans(), "sort_parameters": st.booleans()}),
)
def test_any_rules(data: st.DataObject, found: list[tuple[str, dict[str, Any]]], options: Any) -> None:
    """Whatever the rules and the values, the URL or the class of the error is Werkzeug's."""
    maps: list[Any] = []
    for kind, rule_kind in ((Map, WerkzeugRule), (Router, Rule)):
        made = [rule_kind(string, **arguments) for string, arguments in found]
        try:
            maps.append(kind(made, converters=CONVERTERS, **options))
        except Exception as error:  # noqa: BLE001 - a default that its converter cannot write
            maps.append(type(error))
    if isinstance(maps[0], type):
        assert maps[0] is maps[1]
        return
    oracle, router = (each.bind("h", "/app/") for each in maps)
    for _ in range(4):
        given_values = data.draw(
            st.dictionaries(st.sampled_from(["x", "y", "z", "d", "sub", "q r", "é"]), values)
        )
        if "%" in str(given_values.get("sub")):
            continue  # Werkzeug quotes the percent sign of a host, `Rule.build` does not
        arguments = {
            "method": data.draw(st.sampled_from([None, None, "GET", "POST"])),
            "append_unknown": data.draw(st.sampled_from([True, True, True, False])),
            "force_external": data.draw(st.booleans()),
        }
        endpoint = data.draw(st.sampled_from("ef"))
        expected = built(oracle, endpoint, given_values, **arguments)
        assert built(router, endpoint, given_values, **arguments) == expected


default_values = st.sampled_from([1, 2, 1.0, True, "a", None, (1,), ["a"]])


@given(
    found=st.lists(
        st.tuples(
            st.lists(st.sampled_from("xyz"), unique=True),
            st.dictionaries(st.sampled_from("xyd"), default_values, max_size=2),
            st.sampled_from([None, ["GET"], ["POST"]]),
        ),
        min_size=2,
        max_size=8,
    ),
    given_values=st.dictionaries(st.sampled_from("xyzdq"), default_values),
)
def test_the_rules_that_may_be_suitable(found: list[Any], given_values: dict[str, Any]) -> None:
    """The index omits no rule that Werkzeug considers suitable, and keeps their order."""
    made = [
        Rule("/" + "/".join(f"<{name}>" for name in names), endpoint="e", defaults=defaults, methods=methods)
        for names, defaults, methods in found
    ]
    rules: list[Any] = list(Router(made).iter_rules("e"))
    indexed = RuleIndex(rules).find(given_values)
    for method in (None, "GET"):
        suitable = [rule for rule in rules if WerkzeugRule.suitable_for(rule, given_values, method)]
        assert [rule for rule in indexed if rule.suitable_for(given_values, method)] == suitable


@pytest.mark.parametrize(
    ("string", "defaults", "values", "path"),
    [
        ("/<v{0}>/{0}", False, {"v7": "a"}, "/a/7"),
        ("/d{0}", True, {"page": 7}, "/d7"),
        ("/d{0}", True, {"page": 999}, "/d/999"),
    ],
)
def test_of_many_rules_few_are_tried(string: str, defaults: bool, values: dict[str, Any], path: str) -> None:
    """Of 300 rules of an endpoint, those with the variable of a value, or just that default, are tried."""
    rules = [
        Rule(string.format(n), endpoint="e", defaults={"page": n} if defaults else None) for n in range(300)
    ]
    router = Router([Rule("/d/<int:page>", endpoint="e"), *rules])
    assert len(RuleIndex(rules).find(values)) <= 1
    assert router.build_path("e", values, None, "GET", "") == router.bind("h").build("e", values) == path


def test_a_variable_that_is_there_twice() -> None:
    """A rule with two variables of one name is rejected when it is added."""
    with pytest.raises(ValueError, match="The variable 'a' is twice in the URL rule '/<a>/<int:a>'"):
        Router([Rule("/<a>/<int:a>", endpoint="e")])


def test_a_default_that_cannot_be_written() -> None:
    """A default that the converter of its variable does not take is rejected when the rule is added."""
    with pytest.raises(ValueError, match="invalid literal"):
        Router([Rule("/<int:a>", endpoint="e", defaults={"a": "x"})])
