"""Redirects to the path of another rule of the endpoint, whose defaults are the values of a path."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import Map, RequestRedirect
from werkzeug.routing import Rule as WerkzeugRule

from cocopot.routing import Router, Rule
from cocopot.routing.defaults import OtherDefaults
from tests.routing.outcomes import outcome

DEFAULTS = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from([1, 2, "x", True, [1]]), max_size=2)


def environ_of(path: str) -> dict[str, Any]:
    return {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "localhost",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
    }


def path_of(number: int, defaults: dict[str, Any]) -> str:
    """Return the text of a rule with those of two variables that have no default."""
    return f"/{number}" + "".join(f"/<{name}>" for name in ("a", "b") if name not in defaults)


@given(st.lists(DEFAULTS, min_size=1, max_size=5), st.sampled_from(["1", "2", "x", "y"]))
def test_the_redirects_are_werkzeugs(all_defaults: list[dict[str, Any]], text: str) -> None:
    """Each path of rules of one endpoint is matched or redirected as by Werkzeug's map."""
    rules = [(path_of(number, defaults), defaults) for number, defaults in enumerate(all_defaults)]
    router = Router([Rule(path, endpoint="e", defaults=defaults) for path, defaults in rules])
    werkzeug = Map([WerkzeugRule(path, endpoint="e", defaults=defaults) for path, defaults in rules])
    for rule, _ in rules:
        path = rule.replace("<a>", text).replace("<b>", "1")
        environ = environ_of(path)
        expected = outcome(lambda: werkzeug.bind_to_environ(environ).match(return_rule=True))  # noqa: B023
        assert outcome(lambda: router.match_request(environ, path, "GET")) == expected  # noqa: B023


def test_defaults_are_found_by_values() -> None:
    """Values without a hash, and those that are missing, are compared one by one."""
    rules = [
        Rule(f"/{number}", endpoint="e", defaults=defaults)
        for number, defaults in enumerate([{"a": 1}, {"a": 2, "b": 1}, {"b": [1]}])
    ]
    others = OtherDefaults(rules)
    for values, expected in (
        ({"a": 1, "b": 2}, ["/0"]),
        ({"a": 2, "b": 1}, ["/1"]),
        ({"a": 2}, ["/1", "/2"]),
        ({"a": [2], "b": [1]}, ["/2"]),
        ({"a": 3, "b": 3}, []),
    ):
        assert [rule.rule for rule in others.find(values)] == expected
        assert others.fits(values) is bool(expected)


@pytest.mark.parametrize("number", [1, 300])
def test_rules_with_other_defaults_need_no_adapter(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rules of an endpoint have other defaults, the tables decide which one matches."""
    router = Router([Rule(f"/p{n}", endpoint="e", defaults={"page": n}) for n in range(number)])
    router.add(Rule("/p/<int:page>", endpoint="e"))
    with pytest.raises(RequestRedirect) as error:
        router.match_request(environ_of("/p/0"), "/p/0", "GET")
    assert error.value.new_url == "http://localhost/p0"
    monkeypatch.delattr(Router, "_match_bound")
    path = f"/p{number - 1}"
    assert router.match_request(environ_of(path), path, "GET")[1] == {"page": number - 1}
    assert router.match_request(environ_of("/p/999"), "/p/999", "GET")[1] == {"page": 999}
