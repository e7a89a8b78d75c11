"""Say which rule answers a URL, and why each of the others does not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from werkzeug.routing import RequestRedirect, ValidationError
from werkzeug.routing.exceptions import WebsocketMismatch

from cocopot.exceptions import HTTPException, MethodNotAllowed
from cocopot.urls import create_url_adapter, domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from werkzeug.routing import BaseConverter
    from werkzeug.routing.rules import RulePart

    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.routing import Rule


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the router makes of a request.

    Args:
        method: The method.
        path: The path.
        host: The host.
        rule: The rule that answers, or `None`.
        values: The values of its variables.
        error: What is answered where no rule does: an error, or a redirect.
        target: For a redirect to this application, what the router makes of the new URL.
        misses: The other rules, each with the reason why it does not answer.
    """

    method: str
    path: str
    host: str
    rule: Rule | None
    values: dict[str, Any]
    error: HTTPException | None
    target: Explanation | None = None
    misses: list[tuple[Rule, str]] = field(default_factory=list)

    @property
    def redirect(self) -> RequestRedirect | None:
        """The redirect, if that is the answer."""
        return self.error if isinstance(self.error, RequestRedirect) else None

    @property
    def answers(self) -> bool:
        """Whether a rule answers, possibly with a redirect."""
        return self.rule is not None or self.redirect is not None


def explain(app: Cocopot, url: str, method: str = "GET") -> Explanation:
    """Match a URL as a request for it would be matched.

    Args:
        app: The application.
        url: A path, or a full URL if the host matters.
        method: The method.

    Raises:
        click.UsageError: If there can be no request for the URL.
    """
    _check(url)
    request = _request(app, url, method)
    outcome = _match(request)
    target = None
    if outcome.redirect is not None:
        target = _match(_request(app, outcome.redirect.new_url, method))
    rules: list[Any] = [rule for rule in app.router.iter_rules() if rule is not outcome.rule]
    misses = [(rule, _why_not(app, rule, request, outcome)) for rule in rules]
    return replace(outcome, target=target, misses=misses)


def _check(url: str) -> None:
    try:
        url.encode()
        if "://" in url:
            (urlsplit(url).hostname or "").encode("idna")
            _ = urlsplit(url).port  # which is read only now
    except ValueError as error:
        raise click.UsageError(f"{url!r} is no URL to match: {error}.") from error


def _request(app: Cocopot, url: str, method: str) -> Request:
    if "://" not in url:
        # Two slashes at its head begin a path here, and not the name of a host.
        url = f"/%2F{url[2:]}" if url.startswith("//") else f"/{url.removeprefix('/')}"
    request = app.test_request_context(url, method=method).request
    assert request is not None  # noqa: S101 - for the type checker: it is a request context
    return request


def _match(request: Request) -> Explanation:
    rule: Any = request.url_rule
    error: Any = request.routing_exception
    values = dict(request.view_args or {})
    return Explanation(request.method, request.path, request.environ["HTTP_HOST"], rule, values, error)


# -------------------------------------------------------------------------
# Why a rule does not answer
# -------------------------------------------------------------------------


def _why_not(app: Cocopot, rule: Any, request: Request, outcome: Explanation) -> str:
    """Ask a router that has this rule only, and where that finds nothing, look for the part that differs."""
    if rule.build_only:
        return "only builds URLs"
    alone = app.router.restricted_to([rule])
    try:
        alone.match_request(request.environ, request.path, request.method, *domain_of(app))
    except MethodNotAllowed as error:
        return f"is for other methods: {', '.join(sorted(error.valid_methods or ()))}"
    except WebsocketMismatch:
        return "is for WebSocket requests" if rule.websocket else "is not for WebSocket requests"
    except RequestRedirect as error:
        same = outcome.redirect is not None and outcome.redirect.new_url == error.new_url
        other = f"would redirect to {error.new_url}, but {_first(outcome)}"
        return "gives this redirect" if same else other
    except HTTPException:
        return next(_differences(app, rule, _texts(app, request)))
    return f"would answer, but {_first(outcome)}"


def _first(outcome: Explanation) -> str:
    if outcome.rule is not None:
        return f"{outcome.rule.rule} comes before it"
    if outcome.redirect is not None:
        return f"there is a redirect to {outcome.redirect.new_url}"
    return f"the request is refused: {outcome.error}"


def _texts(app: Cocopot, request: Request) -> list[str]:
    """Return what the parts of a rule are compared with: the domain, then the segments of the path."""
    adapter: Any = create_url_adapter(app, request)
    domain = adapter.server_name if adapter.subdomain is None else adapter.subdomain
    return [domain, *f"/{request.path.lstrip('/')}".split("/")]


def _differences(app: Cocopot, rule: Any, texts: Sequence[str]) -> Iterator[str]:
    """Yield what keeps a rule from matching, part by part."""
    parts: Sequence[RulePart] = rule._parts  # noqa: SLF001 - what Werkzeug itself matches with
    variables = iter(rule._converters.items())  # noqa: SLF001 - likewise
    for index, part in enumerate(parts):
        count = part.content.count("(?P<__werkzeug_")
        converters = [next(variables) for _ in range(count)]
        if index >= len(texts):
            yield "goes on where the path ends"
            return
        text = "/".join(texts[index:]) if part.final else texts[index]
        if part.static and text != part.content:
            yield _static_difference(app, index, part.content, text)
        elif not part.static:
            yield from _refusals(app, part, converters, text)
        if part.final and part.suffixed:
            yield "ends with a slash where the path does not"
    if len(texts) > len(parts):
        rest = "/".join(texts[len(parts) :])
        yield f"ends where the path goes on with {rest!r}" if rest else "has no slash at its end"
    yield "does not match"


def _static_difference(app: Cocopot, index: int, content: str, text: str) -> str:
    if index == 0:
        kind = "host" if app.router.host_matching else "subdomain"
        return f"is for the {kind} {content!r}, not {text!r}"
    if not content:
        return f"ends with a slash where the path has {text!r}"
    return f"has {content!r} where the path " + (f"has {text!r}" if text else "ends")


def _refusals(
    app: Cocopot, part: RulePart, converters: Sequence[tuple[str, BaseConverter]], text: str
) -> Iterator[str]:
    match = re.match(part.content, text)
    if match is None:
        names = " and ".join(f"{name} ({_name_of(app, converter)})" for name, converter in converters)
        yield f"{names} cannot be {text!r}" if text else f"{names} cannot be empty"
        return
    for number, (name, converter) in enumerate(converters):
        value = match[f"__werkzeug_{number}"]
        try:
            converter.to_python(value)
        except ValidationError:
            yield f"{name} ({_name_of(app, converter)}) refuses {value!r}"


def _name_of(app: Cocopot, converter: BaseConverter) -> str:
    named = {cls: name for name, cls in reversed(app.router.converters.items())}
    return named.get(type(converter), type(converter).__name__)
