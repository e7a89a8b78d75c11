"""A URL rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from werkzeug.routing import Rule as WerkzeugRule

from cocopot.hosts import parse_host

if TYPE_CHECKING:
    from collections.abc import Mapping


class Rule(WerkzeugRule):
    """Werkzeug's URL rule, with the plugin that added it and how `OPTIONS` is answered.

    Args:
        string: The rule, such as `"/users/<int:id>"`.
        *args: As for Werkzeug's rule.
        provide_automatic_options: Whether `OPTIONS` is answered without calling the view.
        added_by: The plugin that added the rule, or `None` for the application.
        **options: As for Werkzeug's rule: `endpoint`, `methods`, `defaults` and so on.
    """

    def __init__(
        self,
        string: str,
        *args: Any,
        provide_automatic_options: bool = False,
        added_by: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(string, *args, **options)
        self.provide_automatic_options = provide_automatic_options
        self.added_by = added_by

    def get_empty_kwargs(self) -> Mapping[str, Any]:
        """Return the keyword arguments for an unbound copy of this rule."""
        return {
            **super().get_empty_kwargs(),
            "provide_automatic_options": self.provide_automatic_options,
            "added_by": self.added_by,
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
