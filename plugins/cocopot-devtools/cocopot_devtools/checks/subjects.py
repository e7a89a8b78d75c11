"""The plugin under check, in the process that was started to run it."""

from __future__ import annotations

import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot.exceptions import PluginError, locate, message_of
from cocopot.testing import find_installed_plugins, load_plugins
from cocopot_devtools.checks.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from cocopot.testing import Candidate


@dataclass(slots=True)
class PluginUnderTest:
    """The plugin under check, and the findings so far.

    Args:
        plugin: Its name.
        distribution: Name of its distribution.
        roots: Folders and files of its source.
        config: Configuration for the applications that load it.
        folder: A folder for files of the plugin, and for the results of the process.
    """

    plugin: str
    distribution: str
    roots: Sequence[str]
    config: Mapping[str, Any]
    folder: str
    findings: list[Finding] = field(default_factory=list)
    #: Whether it could be loaded, so that it can be run.
    usable: bool = True
    #: The findings of exceptions so far, by problem and place.
    seen: set[tuple[str, tuple[str, int]]] = field(default_factory=set)
    #: Facts for the parent process.
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def candidate(self) -> Candidate:
        """The installed plugin."""
        return next(
            candidate
            for candidate in find_installed_plugins()
            if (candidate.name, candidate.distribution) == (self.plugin, self.distribution)
        )

    def step(self, doing: str) -> None:
        """Record the current step, in case this process ends early or hangs."""
        Path(self.folder, "step").write_text(doing, encoding="utf-8")

    def find(self, code: str, message: str, place: tuple[str, int] = ("", 0)) -> None:
        """Add a finding, unless it is a duplicate."""
        finding = Finding(code, message, *place, self.plugin)
        if finding not in self.findings:
            self.findings.append(finding)

    def place_of(self, error: BaseException) -> tuple[str, int]:
        """Return file and line of the plugin's source that an exception came from, the innermost one."""
        if isinstance(error, SyntaxError) and error.filename and self.owns(error.filename):
            return error.filename, error.lineno or 0
        return self.place_in(error.__traceback__)

    def place_in(self, frames: TracebackType | None) -> tuple[str, int]:
        """Return file and line of the innermost frame that is in the plugin's source."""
        own = [frame for frame in traceback.extract_tb(frames) if self.owns(frame.filename)]
        return (own[-1].filename, own[-1].lineno or 0) if own else ("", 0)

    def place_of_function(self, function: object) -> tuple[str, int]:
        """Return where a function is defined, if that is in the plugin's source."""
        with suppress(Exception):  # it may be anything, with attributes that raise
            place = locate(getattr(function, "__func__", function))
            if place is not None and self.owns(place.file):
                return place.file, place.line
        return "", 0

    def owns(self, filename: str) -> bool:
        """Whether a file belongs to the plugin's source."""
        path = Path(filename).resolve()
        return any(path.is_relative_to(root) for root in self.roots)


def with_requirements(name: str) -> tuple[set[str], str]:
    """Return the names of a plugin and of all that it requires, and the first of them that is missing.

    Raises:
        PluginError: If the `requires` of one of them is invalid.
    """
    candidates = {candidate.name: candidate for candidate in find_installed_plugins()}
    names: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in candidates:
            return names, current
        if current not in names:
            names.add(current)
            required = candidates[current].declared(candidates[current].load(), "requires")
            waiting += [requirement.name for requirement in required]
    return names, ""


def with_specifiers(name: str) -> tuple[set[str], str]:
    """Return what `with_requirements` returns, and the installed plugins whose hooks the plugin implements.

    Raises:
        PluginError: If the `requires` of one of them is invalid.
    """
    names, missing = with_requirements(name)
    while not missing and (hook := _unknown_hook(name, names)) is not None:
        specifier = _specifier(hook, names)
        if not specifier:
            break
        names |= specifier
    return names, missing


def _unknown_hook(name: str, names: set[str]) -> str | None:
    """Return the hook that a plugin implements and none of `names` specifies."""
    try:
        load_plugins(names, "cocopot check-plugin")
    except PluginError as error:
        if error.plugin == name and error.reason == "unknown-hook":
            return error.hook
    return None


def _specifier(hook: str, names: set[str]) -> set[str]:
    """Return the installed plugin that specifies a hook, and all that it requires; empty if there is none."""
    for candidate in find_installed_plugins():
        with suppress(Exception):  # of another plugin, which is not under check
            more, missing = with_requirements(candidate.name)
            if not missing and not more <= names:
                manager = load_plugins(more, "cocopot check-plugin")
                if hook in manager.specified_hooks():
                    return more
    return set()


def describe(error: BaseException) -> str:
    """Return the type and the first line of an exception; of a `PluginError` without plugin and cure."""
    message = error.problem if isinstance(error, PluginError) else message_of(error)
    text = next(iter(message.strip().splitlines()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
