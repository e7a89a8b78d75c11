"""The index of the transitions over variable segments."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.routing import Map
from werkzeug.routing import Rule as WerkzeugRule

from cocopot.routing import Router, Rule


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("/x{0}-<a>", "/x{0}-q"),
        ("/<a>.e{0}", "/q.e{0}"),
        ("/<any(k{0}, l{0}):a>", "/l{0}"),
        ("/<path:a>/x{0}", "/q/r/x{0}"),
        ("/<path:a>/x{0}/<b>", "/q/r/x{0}/s"),
        ("/<path:a>/x{0}/<path:b>", "/q/r/x{0}/s/t"),
        ("/<path:a>/x{0}/<path:b>/end", "/q/r/x{0}/s/end"),
        ("/<path:a>/-/x{0}/<int:b>", "/q/r/-/x{0}/7"),
        ("/<a>-x{0}-<b>", "/q-x{0}-r"),
        ("/<a>(x{0})<int:b>.txt", "/q(x{0})7.txt"),
    ],
)
def test_of_many_edges_few_are_tried(rule: str, path: str) -> None:
    """The static text that distinguishes rules, wherever it is, selects one of 300."""
    router = Router([Rule(rule.format(n), endpoint=n) for n in range(300)])
    (start,) = (domain.static[""] for domain in router.table.root.static.values())
    assert start.index is not None
    for number in (0, 7, 299):
        tried = start.index.find(path.format(number).split("/"), 1)
        assert number in [node.rules[0].endpoint for node, *_ in tried]
        assert len(tried) <= 3  # `l29` begins with what `l2` does
        found, _ = router.match_request(environ(path.format(number)), path.format(number), "GET")
        assert found.endpoint == number


def environ(path: str) -> dict[str, Any]:
    return {"wsgi.url_scheme": "http", "HTTP_HOST": "h", "REQUEST_METHOD": "GET", "PATH_INFO": path}


def test_a_text_that_is_not_a_whole_word() -> None:
    """A word in a path may be longer than the text of the rule: such a text selects nothing."""
    router = Router([Rule(f"/<path:a>/x<b>y{n}/<c>", endpoint=n) for n in range(9)])
    path = "/q/xry7/s"
    rule, arguments = router.match_request(environ(path), path, "GET")
    assert (rule.endpoint, arguments) == (7, {"a": "q", "b": "r", "c": "s"})


@pytest.mark.parametrize("text", ["x", "\u00e9", "a\nb", "%"])
def test_the_length_selects(text: str) -> None:
    """Variables of a limited number of characters are selected by it; those without are always tried."""
    limits = [f"length={n}" for n in range(1, 9)] + [
        "minlength=2,maxlength=4",
        "maxlength=100",
        "minlength=12",
    ]
    rules = [f"/<string({limit}):a>" for limit in limits]
    router = Router([Rule(rule, endpoint=rule) for rule in rules])
    werkzeug = Map([WerkzeugRule(rule, endpoint=rule) for rule in rules])
    (start,) = (domain.static[""] for domain in router.table.root.static.values())
    assert start.index is not None
    for number in range(1, 41):
        path = f"/{text * number}"
        expected = werkzeug.bind("h").match(path)[0]
        assert router.match_request(environ(path), path, "GET")[0].endpoint == expected
        assert len(start.index.find(path.split("/"), 1)) <= 4
