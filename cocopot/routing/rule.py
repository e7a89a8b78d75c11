"""A URL rule."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from werkzeug.routing import Rule as WerkzeugRule

from cocopot.hosts import parse_host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

_NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


class Rule(WerkzeugRule):
    """Werkzeug's URL rule, with its route options, the plugin that added it and how `OPTIONS` is answered.

    Args:
        string: The rule, such as `"/users/<int:id>"`.
        *args: As for Werkzeug's rule.
        provide_automatic_options: Whether `OPTIONS` is answered without calling the view.
        added_by: The plugin that added the rule, or `None` for the application.
        options: Its own route options, which plugins declare.
        **kwargs: As for Werkzeug's rule: `endpoint`, `methods`, `defaults` and so on.
    """

    #: The route options that were passed for this rule.
    given_options: Mapping[str, Any] = _NO_OPTIONS
    #: Every declared route option, with its default where neither the rule nor its blueprint sets it.
    options: Mapping[str, Any] = _NO_OPTIONS

    def __init__(
        self,
        string: str,
        *args: Any,
        provide_automatic_options: bool = False,
        added_by: str | None = None,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(string, *args, **kwargs)
        self.provide_automatic_options = provide_automatic_options
        self.added_by = added_by
        if options:
            self.given_options = self.options = MappingProxyType(dict(options))

    def empty(self) -> Self:
        """Return an unbound copy of this rule."""
        copy = type(self)(self.rule, **self.get_empty_kwargs())
        if self.options:
            copy.options = self.options
        return copy

    def get_empty_kwargs(self) -> Mapping[str, Any]:
        """Return the keyword arguments for an unbound copy of this rule."""
        return {
            **super().get_empty_kwargs(),
            "provide_automatic_options": self.provide_automatic_options,
            "added_by": self.added_by,
            "options": self.given_options,
            # Werkzeug omits these.
            "merge_slashes": self.merge_slashes,
            "websocket": self.websocket,
        }

    def build(self, values: Mapping[str, Any], append_unknown: bool = True) -> tuple[str, str] | None:
        """Return the host or subdomain, and the path; `None` if a value cannot be in them.

        Werkzeug quotes a host as it quotes a path: the brackets of an IPv6 address, and a percent sign that
        is one of the host's own (RFC 3986, 3.2.2).
        """
        built = super().build(values, append_unknown)
        if built is not None and "%" in built[0]:
            host = unquote(built[0])
            return (host, built[1]) if parse_host(host) is not None else built
        return built
