"""A Content-Security-Policy: a sum of sources, whose authors are the application and plugins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

from cocopot_headers.sources import FALLBACKS, NONCE, check_directive, check_source, is_hash

if TYPE_CHECKING:
    Directives = Mapping[str, tuple[str, ...]]

NONE: Final = "'none'"
_SELF: Final = "'self'"
_DYNAMIC: Final = "'strict-dynamic'"
# Where the nonce is inserted; it is not a valid source.
_PLACE: Final = "'nonce-'"

#: The policy of an application that configures none.
DEFAULT: Final[Directives] = {
    "default-src": (_SELF,),
    "script-src": (_SELF, NONCE, _DYNAMIC),
    "style-src": (_SELF, NONCE),
    "object-src": (NONE,),
    "base-uri": (NONE,),
    "form-action": (_SELF,),
    "frame-ancestors": (NONE,),
}


class Policy:
    """The policy of one response.

    Example:
        >>> from cocopot_headers import Policy
        >>> policy = Policy({"default-src": ("'self'",)})
        >>> policy.add("img-src", "https://images.example")
        >>> policy.render()
        "default-src 'self'; img-src 'self' https://images.example"

    Args:
        directives: Names and sources, which are valid.
    """

    __slots__ = ("_directives",)

    def __init__(self, directives: Directives) -> None:
        self._directives = dict(directives)

    @property
    def directives(self) -> Directives:
        """The directives, each with its sources, as a copy."""
        return dict(self._directives)

    def add(self, directive: str, *sources: str) -> None:
        """Add sources to a directive; it never takes something away from what is allowed.

        A directive that the policy does not have begins with the sources of the one that browsers use in its
        place, such as `default-src` for `img-src`. Without that one all is allowed already, and nothing is
        added.

        Args:
            directive: Its name, such as `"img-src"`.
            sources: A source each, such as `"https://images.example"` or `"data:"`.

        Raises:
            ValueError: The directive does not exist, or a source is not valid: with `;`, `,`, blanks, control
                characters or characters outside ASCII it would change the rest of the header.
        """
        name, found = check_directive(directive), self._in_effect(directive)
        new = tuple(map(check_source, sources))
        if found is not None:
            self._directives[name] = tuple(dict.fromkeys(s for s in (*found, *new) if s != NONE)) or (NONE,)

    def _in_effect(self, directive: str) -> tuple[str, ...] | None:
        """Return the sources of a directive or of its fallback; `None` if everything is allowed."""
        name: str | None = directive
        while name is not None:
            if name in self._directives:
                return self._directives[name]
            # worker-src: child-src, then script-src, then default-src (CSP Level 3, 6.8.3)
            is_worker = directive == "worker-src" and name == "child-src"
            name = "script-src" if is_worker else FALLBACKS.get(name)
        return None

    def render(self, nonce: str | None = None, *, is_late: bool = False) -> str:
        """Return the value of the header.

        Args:
            nonce: The nonce of the request, if it has one.
            is_late: Whether the body may read the nonce, or not. `'strict-dynamic'` is omitted then, so that
                scripts without a nonce run in both cases.
        """
        text = _template(tuple(self._directives.items()), bool(nonce), is_late)
        return text.replace(_PLACE, f"'nonce-{nonce}'") if nonce else text

    def frame_options(self) -> str | None:
        """Return the `X-Frame-Options` (RFC 7034) that is like `frame-ancestors`, if there is one."""
        sources = self._directives.get("frame-ancestors")
        return "DENY" if sources == (NONE,) else "SAMEORIGIN" if sources == (_SELF,) else None


@lru_cache(maxsize=256)
def _template(directives: tuple[tuple[str, tuple[str, ...]], ...], has_nonce: bool, is_late: bool) -> str:
    """Return the value of the header, with a place for the nonce."""
    return "; ".join(
        " ".join((name, *_rendered(sources, has_nonce, is_late))) for name, sources in directives
    )


def _rendered(sources: tuple[str, ...], has_nonce: bool, is_late: bool) -> Iterable[str]:
    if NONCE not in sources and _DYNAMIC not in sources:
        return sources
    # Without a nonce and a hash, 'strict-dynamic' would forbid all scripts.
    keeps_dynamic = (NONCE in sources and has_nonce and not is_late) or any(map(is_hash, sources))
    omitted = {*(() if keeps_dynamic else (_DYNAMIC,)), *(() if has_nonce else (NONCE,))}
    kept = [_PLACE if source == NONCE else source for source in sources if source not in omitted]
    return kept or [NONE]


def merged(base: Directives, changes: object) -> Directives:
    """Return directives of which some are replaced, or removed.

    Args:
        base: The directives.
        changes: A mapping of names to sources: a list, or a text of sources that are separated by blanks.
            `None` removes a directive; a directive without a value, such as `upgrade-insecure-requests`, has
            an empty list.

    Raises:
        ValueError: It is something else, or a name or a source is not valid.
    """
    return {name: sources for name, sources in {**base, **parsed(changes)}.items() if sources is not None}


def parsed(changes: object) -> dict[str, tuple[str, ...] | None]:
    """Return a mapping of names to sources in one form; see `merged`."""
    if not isinstance(changes, Mapping):
        raise ValueError(f"{changes!r} is not a mapping of directives to sources.")  # noqa: TRY004
    result: dict[str, tuple[str, ...] | None] = {}
    for directive, value in changes.items():
        name = check_directive(directive)
        sources = value.split() if isinstance(value, str) else value
        if sources is not None and not isinstance(sources, (list, tuple)):
            raise ValueError(f"The sources of {name!r} are {value!r}: give a list, a text, or None.")
        result[name] = None if sources is None else tuple(dict.fromkeys(map(check_source, sources)))
        if sources and NONE in sources and len(sources) > 1:
            raise ValueError(f"The sources of {name!r} have 'none' beside others, where it has no effect.")
    return result


class RoutePolicy:
    """The value of the route option `csp`: what is different in the policy of a route.

    Args:
        changes: The directives that are replaced, or removed if they are `None`.
    """

    __slots__ = ("changes",)

    def __init__(self, changes: Mapping[str, tuple[str, ...] | None]) -> None:
        self.changes = changes

    @classmethod
    def of(cls, value: object) -> Self | bool:
        """Convert the value of the option.

        Raises:
            ValueError: It is neither a mapping nor a bool.
        """
        if isinstance(value, bool):
            return value
        return cls(parsed(value))

    def apply(self, base: Directives) -> Directives:
        """Return the directives of the route.

        Args:
            base: Those of the application.
        """
        return merged(base, self.changes)

    def __repr__(self) -> str:
        return repr(dict(self.changes))
