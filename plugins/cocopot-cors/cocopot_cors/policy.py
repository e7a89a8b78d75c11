"""Policies of paths, compiled at startup, and the response headers that they add."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, MethodNotAllowed

from cocopot import Cocopot, Request
from cocopot_cors.origins import MAX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from werkzeug.datastructures import Headers
    from werkzeug.routing import MapAdapter, Rule

    from cocopot_cors.origins import Origins

_ALLOW_ORIGIN = "Access-Control-Allow-Origin"
#: The route options of a rule that has not been added by the application.
_SHARED = {"cors": True}

#: The most characters of a list of headers whose names are cached.
_LONGEST_USUAL = 200

#: Names of methods and headers (RFC 9110, section 5.6.2).
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Policy:
    """The options for a path.

    Args:
        origins: The allowed origins.
        methods: The allowed methods, of those that the path has; `None` for all of them.
        allow_headers: The headers that a request may have; `None` for all.
        expose_headers: The headers of a response that scripts may read; `None` for all.
        supports_credentials: Whether requests may include credentials such as cookies.
        max_age: How many seconds a preflight may be cached; `None` to omit the header.
        allow_private_network: Whether pages of the public network may reach this server in a private one.
    """

    origins: Origins
    methods: tuple[str, ...] | None
    allow_headers: tuple[str, ...] | None
    expose_headers: tuple[str, ...] | None
    supports_credentials: bool
    max_age: int | None
    allow_private_network: bool
    #: The headers that a response depends on, and those that a response to OPTIONS depends on, as `Vary`.
    _vary: str = field(init=False)
    _options_vary: str = field(init=False)
    _exposed: str = field(init=False)
    _allowed_headers: str = field(init=False)
    #: Those of `origins`, which need no call.
    _literals: frozenset[str] = field(init=False)
    #: Whether a regular expression matches an origin; cached, as nearly all requests come from the same ones.
    _matches: Callable[[str], bool] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        vary = () if self.origins.wildcard else ("Origin",)
        options_vary = [*vary, "Access-Control-Request-Method"]
        if self.allow_headers is None:
            options_vary.append("Access-Control-Request-Headers")
        if self.allow_private_network:
            options_vary.append("Access-Control-Request-Private-Network")
        object.__setattr__(self, "_vary", ", ".join(vary))
        object.__setattr__(self, "_options_vary", ", ".join(options_vary))
        exposed = "*" if self.expose_headers is None else ", ".join(self.expose_headers)
        object.__setattr__(self, "_exposed", exposed)
        object.__setattr__(self, "_literals", self.origins.literals)
        object.__setattr__(self, "_matches", lru_cache(maxsize=256)(self.origins.matches))
        object.__setattr__(self, "_allowed_headers", ", ".join(self.allow_headers or ()))

    def _fits(self, origin: str) -> bool:
        return len(origin) <= MAX_LENGTH and self._matches(origin)

    def add_headers(self, request: Request, headers: Headers) -> None:
        """Add the headers of every response, unless it already names an allowed origin.

        Args:
            request: The request.
            headers: The headers of the response.
        """
        vary = self._options_vary if request.method == "OPTIONS" else self._vary
        if vary and "Vary" in headers:
            add_vary(headers, vary)
        elif vary:
            headers.add("Vary", vary)
        if _ALLOW_ORIGIN in headers:
            return
        if self.origins.wildcard:
            headers.add(_ALLOW_ORIGIN, "*")
        elif (origin := request.environ.get("HTTP_ORIGIN")) and (
            origin in self._literals or self._fits(origin)
        ):
            headers.add(_ALLOW_ORIGIN, origin)
        else:
            return
        if self.supports_credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
        if self._exposed and not is_preflight(request):
            headers["Access-Control-Expose-Headers"] = self._exposed

    def preflight_headers(self, request: Request, methods: Collection[str]) -> list[tuple[str, str]]:
        """Return the headers of a preflight response; none for an origin that is not allowed.

        Args:
            request: The preflight.
            methods: The methods that the path has.
        """
        environ = request.environ
        origin = environ.get("HTTP_ORIGIN", "")
        if not self.origins.wildcard and origin not in self._literals and not self._fits(origin):
            return []
        headers = []
        if allowed := _allowed_methods(self.methods, tuple(methods)):
            headers.append(("Access-Control-Allow-Methods", allowed))
        names = self._allowed_headers
        if self.allow_headers is None and (requested := environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")):
            is_usual = len(requested) <= _LONGEST_USUAL
            names = _usual_names(requested) if is_usual else ", ".join(_tokens(requested))
        if names:
            headers.append(("Access-Control-Allow-Headers", names))
        if self.max_age is not None:
            headers.append(("Access-Control-Max-Age", str(self.max_age)))
        if (
            self.allow_private_network
            and environ.get("HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK") == "true"
        ):
            headers.append(("Access-Control-Allow-Private-Network", "true"))
        return headers


@dataclass(slots=True)
class Resources:
    """The policies of an application, by path.

    Args:
        patterns: Regular expressions that match a whole path, in the order in which they are tried.
        prefixes: Paths without a slash at the end, the longest first. Each covers itself and all paths below
            it. They are tried after the patterns.
    """

    patterns: tuple[tuple[re.Pattern[str], Policy], ...] = ()
    prefixes: tuple[tuple[str, Policy], ...] = ()
    #: Whether a rule may have `cors=False`; `None` as long as it is not known.
    has_exempt: bool | None = field(default=None, init=False, compare=False)
    #: The paths of those rules, without slashes around them; `None` if one has a variable, or is not known.
    exempt_paths: frozenset[str] | None = field(default=None, init=False, compare=False)
    #: The policy of every path, if there is one.
    everywhere: Policy | None = field(init=False)

    def __post_init__(self) -> None:
        is_single = not self.patterns and len(self.prefixes) == 1 and not self.prefixes[0][0]
        self.everywhere = self.prefixes[0][1] if is_single else None

    def has_exempt_rules(self, app: Cocopot) -> bool:
        """Return whether a rule may have `cors=False`: if none has, no method of a path needs a look-up."""
        if self.has_exempt is None:
            exempt = [rule for rule in app.url_map.iter_rules() if not _is_shared_rule(rule)]
            if not app.started:  # more rules may be added
                return bool(exempt)
            if not any(rule.arguments for rule in exempt):
                self.exempt_paths = frozenset(rule.rule.strip("/") for rule in exempt)
            self.has_exempt = bool(exempt)
        return self.has_exempt

    def may_exempt(self, app: Cocopot, request: Request) -> bool:
        """Return whether a rule with `cors=False` may have the path of a request."""
        if self.has_exempt is False or not self.has_exempt_rules(app):
            return False
        return self.exempt_paths is None or request.path.strip("/") in self.exempt_paths

    def policy_for(self, request: Request) -> Policy | None:
        """Return the policy of a request's path, or `None` if it has none."""
        if self.everywhere is not None:
            return self.everywhere
        path = request.path
        for pattern, policy in self.patterns:
            if pattern.fullmatch(path) is not None:
                return policy
        for prefix, policy in self.prefixes:
            if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {"", "/"}:
                return policy
        return None


def is_preflight(request: Request) -> bool:
    """Whether the request is a CORS preflight (Fetch, section 3.3.2)."""
    environ = request.environ
    has_headers = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD") and environ.get("HTTP_ORIGIN")
    return bool(has_headers) and request.method == "OPTIONS"


def is_exempt(app: Cocopot, request: Request, resources: Resources) -> bool:
    """Whether the route of a request has `cors=False`; for a preflight, that of the requested method."""
    if resources.has_exempt is False or not resources.has_exempt_rules(app):
        return False
    if not is_preflight(request):
        return request.url_rule is not None and not request.url_rule.options["cors"]
    if not resources.may_exempt(app, request):
        return False
    adapter = app.create_url_adapter(request)
    requested = _header(request, "HTTP_ACCESS_CONTROL_REQUEST_METHOD")
    return adapter is not None and not _is_shared(adapter, requested)


def methods_of(app: Cocopot, request: Request, resources: Resources) -> Collection[str] | None:
    """Return the methods of a preflight's path, or `None` if no rule has the path.

    If a rule accepts any method, the requested one is returned. Those of routes with `cors=False` are not.
    """
    if isinstance(request.routing_exception, MethodNotAllowed):
        methods: Collection[str] = list(request.routing_exception.valid_methods or ())
    elif request.url_rule is None:
        return None
    else:
        methods = _methods_of_path(app, request, request.url_rule) or _tokens(
            _header(request, "HTTP_ACCESS_CONTROL_REQUEST_METHOD")
        )
    if not resources.may_exempt(app, request):
        return methods
    adapter = app.create_url_adapter(request)
    return [method for method in methods if adapter is None or _is_shared(adapter, method)]


def _methods_of_path(app: Cocopot, request: Request, rule: Rule) -> Collection[str]:
    """Return the methods in the response to OPTIONS for the path of a rule."""
    respond = app.make_default_options_response
    if getattr(respond, "__func__", None) is Cocopot.make_default_options_response:
        # Without making such a response: what has been cached for it, or what the tables of routing have.
        is_plain = type(request) is Request and type(app).create_url_adapter is Cocopot.create_url_adapter
        if not rule.arguments and request.environ.get("PATH_INFO") == rule.rule:
            if allow := app.router.table.allow.get(id(rule)):
                return _split(allow)
        elif is_plain and (
            methods := app.router.plain_methods(request.environ, app.config, app.subdomain_matching)
        ):
            return methods
    allow = respond().headers.get("Allow")
    return _split(allow) if allow else ()


@lru_cache(maxsize=256)
def _allowed_methods(configured: tuple[str, ...] | None, methods: tuple[str, ...]) -> str:
    """Return the value of `Access-Control-Allow-Methods` for the methods that a path has."""
    allowed = sorted(methods) if configured is None else [name for name in configured if name in methods]
    return ", ".join(allowed)


@lru_cache(maxsize=256)  # browsers send the same names again
def _usual_names(requested: str) -> str:
    """Return the valid names among requested headers, which are not many."""
    return ", ".join(_tokens(requested))


@lru_cache(maxsize=256)
def _split(allow: str) -> tuple[str, ...]:
    """Return the methods of the `Allow` header that the rules of a path result in."""
    return tuple(method.strip() for method in allow.split(","))


def _is_shared(adapter: MapAdapter, method: str) -> bool:
    """Whether the path has no route for a method with `cors=False`."""
    try:
        rule, _ = adapter.match(method=method, return_rule=True)
    except HTTPException:  # there is no such route, or it redirects
        return True
    return _is_shared_rule(rule)


def _is_shared_rule(rule: Rule) -> bool:
    return bool(getattr(rule, "options", _SHARED)["cors"])


def add_vary(headers: Headers, value: str) -> None:
    """Add missing names to the `Vary` header (RFC 9110, section 12.5.5).

    Args:
        headers: The headers of a response, with `Vary`.
        value: The names to add, separated by commas.
    """
    present = [name for line in headers.getlist("Vary") for name in map(str.strip, line.split(",")) if name]
    known = {name.lower() for name in present}
    missing = [name for name in value.split(", ") if name.lower() not in known]
    if missing and "*" not in known:
        headers["Vary"] = ", ".join([*present, *missing])


def _header(request: Request, key: str) -> str:
    """Return a header by its key in the WSGI environment, without building the other headers."""
    value: str = request.environ.get(key, "")
    return value


def _tokens(text: str) -> list[str]:
    """Return the valid names of a comma-separated list, each once."""
    if not text:
        return []
    names = map(str.strip, text.split(","))
    return list(dict.fromkeys(name for name in names if TOKEN.fullmatch(name)))
