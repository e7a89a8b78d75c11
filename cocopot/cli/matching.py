"""Find the rule that matches a URL, and the reason why each other rule does not match."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from cocopot.explanations import explanation_of, reason_for_miss

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.explanations import Explanation
    from cocopot.request import Request


def explain(app: Cocopot, url: str, method: str = "GET") -> Explanation:
    """Match a URL in the same way as a request.

    Args:
        app: The application.
        url: A path, or a full URL if the host matters.
        method: The method.

    Raises:
        click.UsageError: If the URL is invalid.
    """
    _check_url(url)
    request = _make_request(app, url, method)
    result = explanation_of(request)
    target = None
    if result.redirect is not None:
        target = explanation_of(_make_request(app, result.redirect.new_url, method))
    rules = [rule for rule in app.router.iter_rules() if rule is not result.rule]
    misses = [(rule, reason_for_miss(app, rule, request, result)) for rule in rules]
    return replace(result, target=target, misses=misses)


def _check_url(url: str) -> None:
    try:
        url.encode()
        if "://" in url:
            (urlsplit(url).hostname or "").encode("idna")
            _ = urlsplit(url).port  # parsed only when it is read
    except ValueError as error:
        raise click.UsageError(f"{url!r} is not a valid URL: {error}.") from error


def _make_request(app: Cocopot, url: str, method: str) -> Request:
    if "://" not in url:
        # Two slashes at the start belong to the path here; they do not introduce a host.
        url = f"/%2F{url[2:]}" if url.startswith("//") else f"/{url.removeprefix('/')}"
    request = app.test_request_context(url, method=method).request
    assert request is not None  # noqa: S101 - for the type checker: a request context has a request
    return request
