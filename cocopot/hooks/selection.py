"""Which of the plugins that are there an application wants."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import DISABLE_VARIABLE, Candidate
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping
    from typing import NoReturn

#: `all`, `none`, or the names of the plugins to load; replaces the application's `autoload`, unless that is
#: `False`.
ALLOW_VARIABLE = "COCOPOT_PLUGINS"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which plugins an application wants.

    Args:
        allowed: Names, or `None` for every installed plugin.
        allowed_by: What said so, for messages.
        disabled: Names that are not to be loaded, and what said so.
    """

    allowed: frozenset[str] | None
    allowed_by: str
    disabled: Mapping[str, str]

    @classmethod
    def make(
        cls,
        autoload: bool | Iterable[str],
        disable: Iterable[str],
        environ: Mapping[str, str] | None = None,
    ) -> Selection:
        """Combine the application's arguments with the environment.

        Args:
            autoload: `True` for every installed plugin, `False` for none, or names.
            disable: Names that must not be loaded.
            environ: The environment; `os.environ` by default.

        Raises:
            TypeError: If a plain string is given where names are expected.
        """
        environ = os.environ if environ is None else environ
        allowed, allowed_by = _allowed(autoload, environ)
        disabled = dict.fromkeys(_names(environ.get(DISABLE_VARIABLE, "")), DISABLE_VARIABLE)
        disabled.update(dict.fromkeys(_checked_names(disable, "disable"), "disable="))
        return cls(allowed, allowed_by, disabled)

    def choose(
        self,
        found: Iterable[Candidate],
        given: Collection[Candidate] = (),
        fail: Callable[[PluginError], None] | None = None,
    ) -> list[Candidate]:
        """Return the candidates that are wanted.

        Args:
            found: What is installed; `allowed` and `disabled` apply.
            given: What the application passed as objects; only `disabled` applies.
            fail: Called with an error in place of raising it; the plugins that it is about are left out.

        Raises:
            PluginError: If a name that was asked for is not installed, or several distributions share one.
        """
        fail, found = fail or _raise, list(found)
        given_names = {candidate.name for candidate in given}
        wanted: dict[str, list[Candidate]] = {}
        for candidate in (*given, *found):
            if self.why_not(candidate, given_names) is None:
                wanted.setdefault(candidate.name, []).append(candidate)
        for same in wanted.values():
            if len(same) > 1:
                fail(_duplicate(same))
        self._check_present(found, wanted, fail)
        return [same[0] for same in wanted.values() if len(same) == 1]

    def why_not(self, candidate: Candidate, given_names: Container[str]) -> tuple[str, str] | None:
        """Return why a candidate is not wanted, as a state and what brought it about; `None` if it is wanted.

        Args:
            candidate: The candidate.
            given_names: Names of the plugins that the application passed as objects.
        """
        if candidate.name in self.disabled:
            return "disabled", f"by {self.disabled[candidate.name]}"
        if candidate.given is not None:
            return None
        if self.allowed is not None and candidate.name not in self.allowed:
            return "not selected", f"by {self.allowed_by}"
        if candidate.name in given_names:
            return "replaced", "by an object of that name that the application hands over"
        return None

    def _check_present(
        self, candidates: list[Candidate], wanted: Collection[str], fail: Callable[[PluginError], None]
    ) -> None:
        known = sorted({candidate.name for candidate in candidates})
        for name in sorted((self.allowed or frozenset()) - set(wanted) - set(self.disabled)):
            problem = [
                f"Plugin {name!r}, named by {self.allowed_by}, is not installed.",
                did_you_mean(name, known),
                f"Installed: {', '.join(known) or 'none'}.",
            ]
            fail(
                PluginError(
                    " ".join(filter(None, problem)),
                    plugin=name,
                    cure="Install the distribution that brings it, or take the name out.",
                    reason="not-installed",
                )
            )


def _raise(error: PluginError) -> NoReturn:
    raise error


def _allowed(autoload: bool | Iterable[str], environ: Mapping[str, str]) -> tuple[frozenset[str] | None, str]:
    said = environ.get(ALLOW_VARIABLE, "").strip()
    if said and autoload is not False:
        if said == "all":
            return None, ALLOW_VARIABLE
        return frozenset() if said == "none" else frozenset(_names(said)), ALLOW_VARIABLE
    if isinstance(autoload, bool):
        return None if autoload else frozenset(), "autoload="
    return frozenset(_checked_names(autoload, "autoload")), "autoload="


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _checked_names(names: Iterable[str], argument: str) -> list[str]:
    if isinstance(names, str):
        raise TypeError(f"{argument} takes a set of plugin names, not a string: {argument}={{{names!r}}}")
    return list(names)


def _duplicate(same: list[Candidate]) -> PluginError:
    sources = [
        f"{candidate.distribution or 'the application'} {candidate.version} "
        f"({candidate.value or candidate.given!r})"
        for candidate in same
    ]
    name, number = same[0].name, "Two" if len(same) == 2 else len(same)
    return PluginError(
        f"{number} distributions bring a plugin named {name!r}: {' and '.join(sources)}.",
        plugin=name,
        cure=f"Uninstall one of them, or disable the name with {DISABLE_VARIABLE}={name}.",
        reason="duplicate",
    )
