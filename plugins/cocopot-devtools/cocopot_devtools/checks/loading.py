"""Whether a plugin can be imported, whether that has side effects, and whether it fits the hook contract."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal

from cocopot.exceptions import PluginError
from cocopot.testing import load_plugins, plugin_warnings
from cocopot_devtools.checks.effects import Snapshot, watch
from cocopot_devtools.checks.subjects import describe, with_requirements, with_specifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot.exceptions import PluginErrorReason
    from cocopot.testing import Candidate
    from cocopot_devtools.checks.subjects import PluginUnderTest


#: The rule that each kind of fault of the plugin itself breaks.
_CODES: Mapping[PluginErrorReason, str] = {
    "async": "CP203",
    "config": "CP204",
    "conflict": "CP106",
    "cycle": "CP106",
    "declaration": "CP106",
    "duplicate": "CP106",
    "generator": "CP203",
    "import": "CP204",
    "lock": "CP106",
    "metadata": "CP106",
    "not-installed": "CP106",
    "other": "CP106",
    "register": "CP204",
    "requirement": "CP106",
    "setup": "CP204",
    "signature": "CP202",
    "type": "CP106",
    "unknown-hook": "CP201",
    "version": "CP106",
    "unmarked": "CP203",
}


def check_loading(subject: PluginUnderTest) -> None:
    """Import the plugin for the first time, and register it in a separate plugin manager."""
    candidate = subject.candidate
    subject.usable = False
    watch()
    before, printed = Snapshot.take(candidate.top_module), _printed()
    subject.step("its module was imported")
    try:
        candidate.target()
        _find_effects(subject, before)
        if _printed() != printed:
            subject.find("CP302", "Importing it prints to standard output, or closes it.")
        subject.step("its class was instantiated")
        plugin = candidate.load()
    except PluginError as error:
        _find_effects(subject, before)
        code = "CP106" if error.reason == "type" else "CP102"
        subject.find(code, _describe_failure(candidate, error), _find_place(subject, error))
        return
    except BaseException as error:  # noqa: BLE001 - whatever it is, SystemExit too, is the finding
        _find_effects(subject, before)
        message = f"{candidate.value!r} cannot be loaded: {describe(error)}."
        subject.find("CP102", message, subject.place_of(error))
        return
    subject.facts["loaded"] = True
    subject.step("it was registered")
    try:
        subject.usable = _keeps_contract(subject, plugin)
        requires = _names(candidate, plugin, "requires")
        subject.facts["requires"] = requires
        others = (*_names(candidate, plugin, "after"), *_names(candidate, plugin, "before"))
        subject.facts["others"] = (*requires, *others)
    except PluginError as error:
        subject.find("CP106", contract_message(subject, error))


def _names(
    candidate: Candidate, plugin: object, attribute: Literal["requires", "after", "before"]
) -> tuple[str, ...]:
    return tuple(requirement.name for requirement in candidate.declared(plugin, attribute))


def _describe_failure(candidate: Candidate, error: PluginError) -> str:
    if error.reason == "type":
        return f"It {error.problem}"
    exception = error.problem.removeprefix("failed to load: ")
    problem = f"it {error.problem}" if exception == error.problem else f"{exception}."
    *cures, _ = error.cure.splitlines()  # the last one is to disable the plugin
    return " ".join([f"{candidate.value!r} cannot be loaded: {problem}", *cures])


def _find_effects(subject: PluginUnderTest, before: Snapshot) -> None:
    for effect in before.effects():
        subject.find("CP302", f"Importing it changes {effect}.", subject.place_of_function(effect.value))


def _printed() -> int | None:
    """Return how much was written to standard output, in bytes, if that is a file; `None` if it is closed."""
    try:
        sys.stdout.flush()
        return os.fstat(1).st_size
    except (AttributeError, OSError, ValueError):
        return None


def _keeps_contract(subject: PluginUnderTest, plugin: object) -> bool:
    """Let the loader find, order, register and check the plugin, and all that it requires."""
    required, missing = with_requirements(subject.plugin)
    if missing:
        subject.find("CP106", f"It requires the plugin {missing!r}, which is not installed.")
        return False
    names, _ = with_specifiers(subject.plugin)
    if others := names - required:
        who = " and ".join(map(repr, sorted(others)))
        subject.find("CP207", f"It implements hooks of {who}, and does not require it.")
    try:
        manager = load_plugins(names, "cocopot check-plugin")
    except PluginError as error:
        code = _CODES[error.reason] if error.plugin == subject.plugin else "CP106"
        subject.find(code, contract_message(subject, error), _find_place(subject, error))
        return False
    code = "CP203" if any(manager.implementations_in(plugin)) else "CP107"
    warnings = list(plugin_warnings(manager, subject.candidate, plugin, manager.specified_hooks()))
    for warning in warnings:
        subject.find(code, f"It {warning}", subject.place_of_function(plugin))
    return not warnings


def _find_place(subject: PluginUnderTest, error: PluginError) -> tuple[str, int]:
    """Return the place of an error, if that is in the plugin's source, or where its cause was raised."""
    if error.place is not None and error.reason != "register" and subject.owns(error.place.file):
        return error.place.file, error.place.line
    return ("", 0) if error.__cause__ is None else subject.place_of(error.__cause__)


def contract_message(subject: PluginUnderTest, error: PluginError) -> str:
    """Return the problem of an error; the plugin's name, the place and the cure are the finding's."""
    if error.plugin == subject.plugin and error.subject:
        return f"It {error.problem}"
    text = f"{error.subject} {error.problem}".strip()
    return text if error.place is None else f"{text}\n  at {error.place}"
