"""A URL rule."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.routing import ValidationError

from cocopot.hosts import parse_host
from cocopot.routing.building import Builder, split_trace
from cocopot.speedups import RuleState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

_NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


def _build(rule: Rule, /, **values: Any) -> tuple[str, str]:
    return rule.builder.build(values, append_unknown=False)


def _build_unknown(rule: Rule, /, **values: Any) -> tuple[str, str]:
    return rule.builder.build(values)


class Rule(RuleState, WerkzeugRule):
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
    _builder: Builder | None = None

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

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """Return what builds this rule; it is compiled when it is first called.

        Raises:
            ValueError: A variable occurs twice.
            Exception: The converter of a variable cannot write its default.
        """
        if append_unknown:
            self._check_variables()
        self._builder = None
        return _build_unknown if append_unknown else _build

    def _check_variables(self) -> None:
        names = [
            text for is_variable, text in self._trace if is_variable and text not in (self.defaults or ())
        ]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"The variable {name!r} is twice in the URL rule {self.rule!r}.")
        if self.defaults:
            split_trace(self)  # raises for a default that cannot be written

    @property
    def builder(self) -> Builder:
        """What builds its URLs."""
        if self._builder is None:
            self._builder = Builder(self)
        return self._builder

    def empty(self) -> Self:
        """Return an unbound copy of this rule."""
        copy = type(self)(self.rule, **self.get_empty_kwargs())
        if self.options:
            copy.options = self.options
        return copy

    @property
    def is_plain(self) -> bool:
        """Whether neither a subclass nor a WebSocket changes its URLs."""
        return type(self) is Rule and not self.websocket

    def suitable_for(self, values: Mapping[str, Any], method: str | None = None) -> bool:
        """Return whether there is a value for each variable, and the method is one of the rule's.

        Args:
            values: The values.
            method: The method, or `None` for any.
        """
        if method is not None and self.methods is not None and method not in self.methods:
            return False
        if not self.defaults:
            return self.arguments <= values.keys()
        for name, default in self.defaults.items():
            if name in values and default != values[name]:
                return False
        return self.arguments <= values.keys() | self.defaults.keys()

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
        try:
            built = self.builder.build(values, append_unknown)
        except ValidationError:
            return None
        if "%" in built[0]:
            host = unquote(built[0])
            return (host, built[1]) if parse_host(host) is not None else built
        return built
