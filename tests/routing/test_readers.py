"""Parts with variables: read as Werkzeug's expressions do, and in limited time."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import NotFound
from werkzeug.routing import RequestRedirect

from cocopot.routing import Router, Rule
from cocopot.routing.readers import MAX_LENGTHS, make_reader


def part_of(string: str, **options: Any) -> Any:
    """Return the only part with variables of a rule."""
    rule = Rule(string, endpoint="e", **options)
    Router([rule])
    (part,) = [part for part in rule._parts if not part.static]
    return part


def match(string: str, path: str) -> dict[str, Any] | None:
    """Return the arguments of a path, by the router and in Werkzeug's way, which agree; `None` for a 404."""
    router = Router([Rule(string, endpoint="e")])
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "h", "REQUEST_METHOD": "GET", "PATH_INFO": path}
    results: list[dict[str, Any] | None] = []
    for find in (lambda: router.bind("h").match(path), lambda: router.match_request(environ, path, "GET")):
        for _ in range(2):
            try:
                results.append(dict(find()[1]))
            except NotFound:
                results.append(None)
            except RequestRedirect as redirect:
                results.append({"redirect": redirect.new_url})
    assert all(result == results[0] for result in results)
    return results[0]


@settings(deadline=None)
@example("/<a>+<b>*<c>", "*+x")
@example("/<a>-<b>-<c>", "---")
@given(
    st.sampled_from(
        [
            *(
                "/<a>-<b>",
                "/<a>-<b>.txt",
                "/<a>-<b>-<c>",
                "/x<a>-<b>_<c>y",
                "/<a>--<b>",
                "/-<a>-<b>-",
                "/<a>ab<b>",
            ),
            *("/<a>", "/x<a>", "/<a>.x", "/-<a>-"),
            *("/<a>.<b>", "/<a>(<b>)", "/<a>\\<b>", "/<a> <b>", "/<a>\u20ac<b>", "/<a>+<b>*<c>", "/<a>%<b>"),
        ]
    ),
    st.text("ab-_.xyt\u20ac()\\ +*%\n", max_size=14),
)
def test_texts_are_read_as_the_expression_reads_them(string: str, text: str) -> None:
    """Each variable gets the same text, and the same texts match."""
    part = part_of(string)
    found = re.match(part.content, text)
    read = make_reader(part)(text)
    assert (None if read is None else list(read)) == (None if found is None else list(found.groups()))


@settings(deadline=None)
@example("/<path:a>/x/<path:b>/", "a/x//x/b/", True)
@given(
    st.sampled_from(
        [
            *("/<path:a>", "/<path:a>/", "/<path:a>/x", "/<path:a>/x/", "/x-<path:a>", "/<path:a>//"),
            *(
                "/<path:a>/<path:b>",
                "/<path:a>/x/<path:b>/",
                "/<path:a>/x/<path:b>/x",
                "/<path:a>x<path:b>x/",
            ),
            *("/<path:a>/<path:b>/<path:c>/x", "/<path:a>/x/<path:b>/<path:c>/", "/<path:a>//<path:b>//"),
        ]
    ),
    st.lists(st.sampled_from(["/", "x", "/x/", "a", "-", "\n"]), max_size=12).map("".join),
    st.booleans(),
)
def test_paths_are_read_as_the_expression_reads_them(string: str, text: str, merge_slashes: bool) -> None:
    """Each path gets the same text, and the same texts match."""
    part = part_of(string, merge_slashes=merge_slashes)
    found = re.match(part.content, text)
    read = make_reader(part)(text)
    assert (None if read is None else list(read)) == (None if found is None else list(found.groups()))


@pytest.mark.parametrize(
    ("string", "path"),
    [
        ("/<a>-<b>.txt", "/" + "-" * 8000),
        ("/<a>-<b>-<c>.txt", "/" + "-" * 8000),
        ("/<a>-<b>_<c>", "/a-b_" + "-" * 8000 + "/"),
        ("/<path:a>/mid/<path:b>/end", "/mid" * 8000),
        ("/<path:a>/mid/<path:b>/mid/<path:c>/end", "/mid" * 8000),
        ("/<path:a>/mid/<path:b>/mid/<path:c>/", "/mid" * 8000 + "/\n//"),
        ("/<path:a>/<path:b>/end", "/a" * 8000),
        ("/<path:a>/a/<path:b>/a/<path:c>/a/<path:d>/end", "/a" * 8000),
        ("/<path:a>/mid/<path:b>/mid/<path:c>/mid/<path:d>/end", "/mid" * 25),
        ("/<path:a>/<int:n>/<path:b>/end", "/7" * 8000),
        ("/<path:a>/<s>/x/<path:b>/end", "/x" * 8000),
        ("/<path:a>/mid/<path:b>", "/mid" * 8000 + "/\n"),
        ("/<a><int:b>x", "/" + "1" * 8000),
        ("/<a>-<b>-<int:n>x", "/" + "-" * 8000),
        ("/<a>1<int:b>x", "/" + "1" * 8000),
        ("/<path:a><b>/x", "/" + "a" * 8000),
        ("/<path:a>/x/<path:b>/y/<path:c>", "/x" * 8000),
        ("/<a><b><c><d>/x", "/" + "a" * 8000),
    ],
)
def test_a_long_path_is_a_404_soon(string: str, path: str) -> None:
    """A path of which an expression would try every division does not match; the test would take minutes."""
    assert match(string, path) is None


def test_the_longest_texts() -> None:
    """Where the ends of variables depend on each other, a text up to the limit matches."""
    for string, number in (("/<path:a>/x/<b>", 2), ("/<path:a>/x/<path:b>/x/<c>", 3)):
        path = "a/x/" * (number - 1)
        fitting = path + "b" * (MAX_LENGTHS[number] - len(path))
        assert match(string, f"/{fitting}") is not None
        assert match(string, f"/{fitting}b") is None


@pytest.mark.parametrize(
    ("string", "path"),
    [
        ("/<path:a>/edit", "/" + "a/" * 8000 + "edit"),
        ("/<path:a>/", "/" + "a/" * 8000),
        ("/<path:a>/<b>/x", "/" + "a/" * 8000 + "x"),
        ("/<b>/<path:a>", "/" + "a/" * 8000 + "x"),
        ("/<path:a>/x/<path:b>", "/" + "a/" * 8000 + "x/" + "b/" * 8000 + "b"),
        ("/<path:a>/a/<path:b>/a/<path:c>/end", "/" + "a/" * 8000 + "end"),
        ("/<a>-<b>.txt", "/" + "a-" * 8000 + "x.txt"),
        ("/<int:y>-<int:m>-<slug>", "/1-2-" + "a" * 8000),
        ("/<float:y>:<int(signed=True):m>:<slug>", "/1.5:-2:" + "a" * 8000),
        ("/<string(length=2):lang><rest>", "/de" + "a" * 8000),
    ],
)
def test_texts_without_a_limit(string: str, path: str) -> None:
    """Where they do not, a text may have any length."""
    assert match(string, path) is not None
