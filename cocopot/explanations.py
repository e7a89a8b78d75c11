"""Why a request matches a rule, and why it does not match the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug.routing import RequestRedirect, ValidationError
from werkzeug.routing.exceptions import WebsocketMismatch

from cocopot.exceptions import BadHost, HTTPException, MethodNotAllowed
from cocopot.routing.parts import rule_parts
from cocopot.urls import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from werkzeug.routing import BaseConverter, Rule

    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.routing.parts import RulePart


@dataclass(frozen=True, slots=True)
class Explanation:
    """The result of matching a request, with the reasons.

    Args:
        method: The method.
        path: The path.
        host: The host.
        rule: The rule that matches, or `None`.
        values: The values of its variables.
        error: The response if no rule matches: an HTTP error, or a redirect.
        target: For a redirect to this application, the result of matching the new URL.
        misses: The other rules, each with the reason why it does not match.
    """

    method: str
    path: str
    host: str
    rule: Rule | None
    values: dict[str, object]
    error: HTTPException | None
    target: Explanation | None = None
    misses: list[tuple[Rule, str]] = field(default_factory=list)

    @property
    def redirect(self) -> RequestRedirect | None:
        """The redirect, if the response is one."""
        return self.error if isinstance(self.error, RequestRedirect) else None

    @property
    def is_match(self) -> bool:
        """Whether a rule matches, possibly with a redirect."""
        return self.rule is not None or self.redirect is not None


def explanation_of(request: Request) -> Explanation:
    """Return the result of matching a request, without the reasons for the other rules."""
    return Explanation(
        request.method,
        request.path,
        request.environ.get("HTTP_HOST", ""),
        request.url_rule,
        dict(request.view_args or {}),
        request.routing_exception,
    )


# -------------------------------------------------------------------------
# Why a rule does not match
# -------------------------------------------------------------------------


def reason_for_miss(app: Cocopot, rule: Rule, request: Request, result: Explanation) -> str:
    """Return why a rule does not match a request.

    Matches with a router that has only this rule; if it does not match, finds the part that differs.

    Args:
        app: The application.
        rule: The rule.
        request: The request, which has been matched.
        result: The result of that.
    """
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
        is_same = result.redirect is not None and result.redirect.new_url == error.new_url
        other = f"would redirect to {error.new_url}, but {_describe_result(result)}"
        return "gives this redirect" if is_same else other
    except HTTPException as error:
        return _describe_result(result) if isinstance(error, BadHost) else _difference(app, rule, request)
    return f"would match, but {_describe_result(result)}"


def _describe_result(result: Explanation) -> str:
    if result.rule is not None:
        return f"{result.rule.rule} comes before it"
    if result.redirect is not None:
        return f"there is a redirect to {result.redirect.new_url}"
    return f"the request is rejected: {result.error}"


def _difference(app: Cocopot, rule: Rule, request: Request) -> str:
    return next(_differences(app, rule, _request_parts(app, request)))


def _request_parts(app: Cocopot, request: Request) -> list[str]:
    """Return the texts that the parts of a rule are matched with: the domain, then the path's segments."""
    adapter = app.router.bind_to_environ(request.environ, *domain_of(app))  # the host need not be trusted
    domain = adapter.server_name if adapter.subdomain is None else adapter.subdomain
    return [domain, *f"/{request.path.lstrip('/')}".split("/")]


def _differences(app: Cocopot, rule: Rule, texts: Sequence[str]) -> Iterator[str]:
    """Yield the reasons why a rule does not match, part by part."""
    parts = rule_parts(rule)
    for index, part in enumerate(parts):
        if index >= len(texts):
            yield "continues where the path ends"
            return
        text = "/".join(texts[index:]) if part.is_final else texts[index]
        if part.is_static and text != part.content:
            yield _static_difference(app, index, part.content, text)
        elif not part.is_static:
            yield from _variable_differences(app, part, text)
        if part.is_final and part.has_suffix:
            yield "ends with a slash where the path does not"
    if len(texts) > len(parts):
        rest = "/".join(texts[len(parts) :])
        yield f"ends where the path continues with {rest!r}" if rest else "has no slash at its end"
    yield "does not match"


def _static_difference(app: Cocopot, index: int, content: str, text: str) -> str:
    if index == 0:
        kind = "host" if app.router.host_matching else "subdomain"
        return f"is for the {kind} {content!r}, not {text!r}"
    if not content:
        return f"ends with a slash where the path has {text!r}"
    return f"has {content!r} where the path " + (f"has {text!r}" if text else "ends")


def _variable_differences(app: Cocopot, part: RulePart, text: str) -> Iterator[str]:
    values = part.match(text)
    if values is None:
        names = " and ".join(
            f"{name} ({_converter_name(app, converter)})" for name, converter in part.converters
        )
        yield f"{names} cannot be {text!r}" if text else f"{names} cannot be empty"
        return
    for (name, converter), value in zip(part.converters, values, strict=True):
        try:
            converter.to_python(value)
        except ValidationError:
            yield f"{name} ({_converter_name(app, converter)}) rejects {value!r}"


def _converter_name(app: Cocopot, converter: BaseConverter) -> str:
    names = {cls: name for name, cls in reversed(app.router.converters.items())}
    return names.get(type(converter), type(converter).__name__)
