"""Which of the available plugins an application selects."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import DISABLE_VARIABLE, Candidate
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Mapping
    from typing import NoReturn

#: `all`, `none`, or the names of the plugins to load; replaces the application's `autoload`, unless that is
#: `False`.
ALLOW_VARIABLE = "COCOPOT_PLUGINS"
#: Names of plugins in the order in which to load them; replaces the application's `order`.
ORDER_VARIABLE = "COCOPOT_PLUGIN_ORDER"

logger = logging.getLogger("cocopot.plugins")


#: What `disabling` adds to the selection of every application: names, each with the setting.
_DISABLED: ContextVar[Mapping[str, str]] = ContextVar("cocopot_disabled")


@contextmanager
def disabling(names: Iterable[str], setting: str) -> Iterator[None]:
    """Disable plugins in the applications that are created during a `with` block.

    Args:
        names: Names of the plugins.
        setting: What disables them, for messages.
    """
    token = _DISABLED.set(dict.fromkeys(names, setting))
    try:
        yield
    finally:
        _DISABLED.reset(token)


class Selection(NamedTuple):
    """Which plugins an application selects.

    Args:
        allowed: Names, or `None` for every installed plugin.
        allowed_by: The setting that decided, for messages.
        disabled: Names that must not be loaded, each with the setting that disables it.
        order: Names of plugins in the order in which to load them.
        ordered_by: The setting that decided that, for messages.
    """

    allowed: frozenset[str] | None
    allowed_by: str
    disabled: Mapping[str, str]
    order: tuple[str, ...] = ()
    ordered_by: str = "order="

    @classmethod
    def make(
        cls,
        autoload: bool | Iterable[str],
        disable: Iterable[str],
        environ: Mapping[str, str] | None = None,
        order: Iterable[str] = (),
    ) -> Selection:
        """Combine the application's arguments with the environment.

        Args:
            autoload: `True` for every installed plugin, `False` for none, or names.
            disable: Names that must not be loaded.
            order: Names of plugins in the order in which to load them.
            environ: The environment; `os.environ` by default.

        Raises:
            TypeError: If a plain string, or a set for `order`, is passed where names are expected.
            PluginError: If the order names a plugin twice.
        """
        environ = os.environ if environ is None else environ
        allowed, allowed_by = _allowed(autoload, environ)
        disabled = dict.fromkeys(_names(environ.get(DISABLE_VARIABLE, "")), DISABLE_VARIABLE)
        disabled.update(dict.fromkeys(_checked_names(disable, "disable"), "disable="))
        disabled.update(_DISABLED.get({}))
        return cls(allowed, allowed_by, disabled, *_order(order, environ))

    def choose(
        self,
        found: Iterable[Candidate],
        explicit: Collection[Candidate] = (),
        fail: Callable[[PluginError], None] | None = None,
    ) -> list[Candidate]:
        """Return the candidates that are selected.

        Args:
            found: What is installed; `allowed` and `disabled` apply.
            explicit: What the application passed as objects; only `disabled` applies.
            fail: Called with an error instead of raising it; the plugins that it concerns are skipped.

        Raises:
            PluginError: If a selected name is not installed, or several distributions share one.
        """
        fail, found = fail or _raise, list(found)
        explicit_names = {candidate.name for candidate in explicit}
        selected: dict[str, list[Candidate]] = {}
        for candidate in (*explicit, *found):
            if self.rejection_reason(candidate, explicit_names) is None:
                selected.setdefault(candidate.name, []).append(candidate)
        for same in selected.values():
            if len(same) > 1:
                fail(_duplicate(same))
        self._check_present(found, selected, fail)
        return [same[0] for same in selected.values() if len(same) == 1]

    def rejection_reason(
        self, candidate: Candidate, explicit_names: Container[str]
    ) -> tuple[str, str] | None:
        """Return why a candidate is not selected, as a state and its reason; `None` if it is selected.

        Args:
            candidate: The candidate.
            explicit_names: Names of the plugins that the application passed as objects.
        """
        if candidate.name in self.disabled:
            return "disabled", f"by {self.disabled[candidate.name]}"
        if candidate.explicit is not None:
            return None
        if self.allowed is not None and candidate.name not in self.allowed:
            return "not selected", f"by {self.allowed_by}"
        if candidate.name in explicit_names:
            return "replaced", "by an object of that name that the application passes"
        return None

    def ordered_after(self, name: str, loaded: Container[str]) -> str | None:
        """Return the plugin after which the operator's order puts another one; `None` if there is none.

        Args:
            name: The other plugin.
            loaded: Names of the plugins that are loaded; others are ignored.
        """
        if name not in self.order:
            return None
        earlier = [other for other in self.order[: self.order.index(name)] if other in loaded]
        return earlier[-1] if earlier else None

    def warn_about_unknown(self, known: Collection[str], *, searched: bool) -> None:
        """Log a warning about each name that is disabled or ordered, and not installed.

        Args:
            known: The names of the plugins that are installed or passed.
            searched: Whether the installed ones are among them; otherwise only a similar name is reported.
        """
        ordered = ((name, self.ordered_by) for name in self.order)
        for name, setting in (*self.disabled.items(), *ordered):
            hint = did_you_mean(name, known, f"Installed: {', '.join(sorted(known))}." if searched else "")
            if name not in known and hint:
                logger.warning("%s names the plugin %r, which is not installed. %s", setting, name, hint)

    def _check_present(
        self, candidates: list[Candidate], selected: Collection[str], fail: Callable[[PluginError], None]
    ) -> None:
        known = sorted({candidate.name for candidate in candidates})
        for name in sorted((self.allowed or frozenset()) - set(selected) - set(self.disabled)):
            problem = [
                f"Plugin {name!r}, named by {self.allowed_by}, is not installed.",
                did_you_mean(name, known),
                f"Installed: {', '.join(known) or 'none'}.",
            ]
            fail(
                PluginError(
                    " ".join(filter(None, problem)),
                    plugin=name,
                    cure="Install the distribution that provides it, or remove the name.",
                    reason="not-installed",
                )
            )


def _raise(error: PluginError) -> NoReturn:
    raise error


def _allowed(autoload: bool | Iterable[str], environ: Mapping[str, str]) -> tuple[frozenset[str] | None, str]:
    value = environ.get(ALLOW_VARIABLE, "").strip()
    if value and autoload is not False:
        if value == "all":
            return None, ALLOW_VARIABLE
        return frozenset() if value == "none" else frozenset(_names(value)), ALLOW_VARIABLE
    if isinstance(autoload, bool):
        return None if autoload else frozenset(), "autoload="
    return frozenset(_checked_names(autoload, "autoload")), "autoload="


def _order(order: Iterable[str], environ: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    if isinstance(order, (set, frozenset)):
        raise TypeError(f"order takes a sequence of plugin names, not a set, which has no order: {order!r}")
    names, ordered_by = _checked_names(order, "order"), "order="
    if value := environ.get(ORDER_VARIABLE, "").strip():
        names, ordered_by = _names(value), ORDER_VARIABLE
    if twice := sorted({name for name in names if names.count(name) > 1}):
        problem = f"{ordered_by} names the plugin {twice[0]!r} twice."
        raise PluginError(problem, plugin=twice[0], cure="Remove one of the two.", reason="cycle")
    return tuple(names), ordered_by


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _checked_names(names: object, argument: str) -> list[str]:
    if isinstance(names, str):
        shown = f"({names!r},)" if argument == "order" else f"{{{names!r}}}"
        kind = "sequence" if argument == "order" else "set"
        raise TypeError(f"{argument} takes a {kind} of plugin names, not a string: {argument}={shown}")
    if not isinstance(names, Iterable):
        kind = "sequence" if argument == "order" else "set"
        raise TypeError(f"{argument} takes a {kind} of plugin names, not {names!r}")
    names = list(names)
    if wrong := [name for name in names if not isinstance(name, str)]:
        kind = "sequence" if argument == "order" else "set"
        raise TypeError(f"{argument} takes a {kind} of plugin names, not one with {wrong[0]!r}")
    return [str(name) for name in names]


def _duplicate(same: list[Candidate]) -> PluginError:
    name, number = same[0].name, "Two" if len(same) == 2 else len(same)
    if len({(candidate.distribution, candidate.version) for candidate in same}) == 1:
        values = " and ".join(repr(candidate.value) for candidate in same)
        problem = (
            f"The distribution {same[0].distribution} {same[0].version} has {str(number).lower()} plugins "
            f"named {name!r}: {values}."
        )
        cure = "Its author must rename one of them"
    else:
        sources = [
            f"{candidate.distribution or 'the application'} {candidate.version} "
            f"({candidate.value or candidate.explicit!r})"
            for candidate in same
        ]
        problem = f"{number} distributions provide a plugin named {name!r}: {' and '.join(sources)}."
        cure = "Uninstall one of them"
    cure = f"{cure}, or disable the name with {DISABLE_VARIABLE}={name}."
    return PluginError(problem, plugin=name, cure=cure, reason="duplicate")
