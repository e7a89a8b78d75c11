"""The policy: how sources are added, and which are valid."""

from __future__ import annotations

from typing import Any

import pytest
from cocopot_headers import Policy

SELF = "'self'"
CDN = "https://cdn.example"


@pytest.mark.parametrize(
    ("directives", "directive", "expected"),
    [
        ({"img-src": (SELF,)}, "img-src", "img-src 'self' https://cdn.example"),
        ({"img-src": (CDN,)}, "img-src", "img-src https://cdn.example"),
        ({"img-src": ("'none'",)}, "img-src", "img-src https://cdn.example"),
        ({"default-src": (SELF,)}, "img-src", "default-src 'self'; img-src 'self' https://cdn.example"),
        ({"default-src": ("'none'",)}, "img-src", "default-src 'none'; img-src https://cdn.example"),
        ({"child-src": (SELF,)}, "frame-src", "child-src 'self'; frame-src 'self' https://cdn.example"),
        ({"script-src": (SELF,)}, "worker-src", "script-src 'self'; worker-src 'self' https://cdn.example"),
        ({"default-src": (SELF,)}, "form-action", "default-src 'self'"),
        ({}, "img-src", ""),
    ],
)
def test_adding_never_forbids(directives: Any, directive: str, expected: str) -> None:
    """A directive that is missing begins with what browsers use in its place; what is allowed remains so."""
    policy = Policy(directives)
    policy.add(directive, CDN)
    policy.add(directive, CDN)
    assert policy.render() == expected


def test_the_sum_has_one_spelling_of_none() -> None:
    """`'none'` has no effect beside other sources, so it is omitted."""
    policy = Policy({"img-src": (SELF,)})
    policy.add("img-src", "'none'")
    policy.add("object-src", "'none'")
    assert policy.directives == {"img-src": (SELF,)}


@pytest.mark.parametrize(
    "source",
    [
        "https://a.example; script-src *",
        "https://a.example,https://b.example",
        "https://a.example https://b.example",
        "https://a.example\nSet-Cookie: a=b",
        "https://a.example\n",
        "https://b\u00fccher.example",
        "a\x00b",
        "a\x7fb",
        "",
        "self",
        "none",
        "unsafe-inline",
        "'nonce-abc'",
        "'selv'",
        "'self",
        "self'",
        "'sha256-'",
        "x'y",
        7,
        None,
        b"https://a.example",
    ],
)
def test_invalid_sources(source: Any) -> None:
    """What would change another part of the header, or would mean something else, is refused."""
    policy = Policy({"img-src": (SELF,)})
    with pytest.raises(ValueError, match=r"."):
        policy.add("img-src", source)
    assert policy.render() == "img-src 'self'"


@pytest.mark.parametrize(
    "source",
    [
        "https:",
        "data:",
        "*",
        "*.cdn.example",
        "wss://a.example:8443/path",
        "'unsafe-inline'",
        "'sha256-YQ=='",
    ],
)
def test_valid_sources(source: str) -> None:
    """Hosts, schemes, keywords and hashes are sources."""
    policy = Policy({"img-src": (SELF,)})
    policy.add("img-src", source)
    assert policy.render() == f"img-src 'self' {source}"


@pytest.mark.parametrize(
    ("directive", "hint"),
    [
        ("image-src", "Did you mean 'img-src'?"),
        ("script_src", "Did you mean 'script-src'?"),
        ("Script-Src", "Did you mean 'script-src'?"),
        ("report-uri", "is set by HEADERS_CSP_REPORT"),
        ("x; script-src", "is not a directive"),
    ],
)
def test_unknown_directives(directive: str, hint: str) -> None:
    """They are errors, with the nearest name."""
    with pytest.raises(ValueError, match=r"directive|HEADERS_CSP_REPORT") as caught:
        Policy({}).add(directive, SELF)
    assert hint in str(caught.value)


SCRIPTS = (SELF, "'nonce'", "'strict-dynamic'")


@pytest.mark.parametrize(
    ("sources", "nonce", "is_late", "expected"),
    [
        (SCRIPTS, None, False, "'self'"),
        (SCRIPTS, "abc", False, "'self' 'nonce-abc' 'strict-dynamic'"),
        (SCRIPTS, "abc", True, "'self' 'nonce-abc'"),
        (("'nonce'", "'strict-dynamic'"), None, False, "'none'"),
        (("'strict-dynamic'", "'sha256-YQ=='"), None, False, "'strict-dynamic' 'sha256-YQ=='"),
        ((SELF,), "abc", False, "'self'"),
    ],
)
def test_nonces(sources: tuple[str, ...], nonce: str | None, is_late: bool, expected: str) -> None:
    """Without a nonce, own scripts run; with one, those that have it, and what they load."""
    assert Policy({"script-src": sources}).render(nonce, is_late=is_late) == f"script-src {expected}"


def test_directives_without_sources() -> None:
    """They consist of their name."""
    assert Policy({"upgrade-insecure-requests": ()}).render() == "upgrade-insecure-requests"
