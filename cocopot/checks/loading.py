"""Whether a plugin can be imported, changes nothing by it, and keeps the hook contract."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pluggy

from cocopot.checks.effects import Snapshot, watch
from cocopot.checks.subjects import describe, with_requirements
from cocopot.exceptions import PluginError
from cocopot.hooks.loading import Loader
from cocopot.hooks.manager import PluginManager
from cocopot.hooks.ordering import declared_names
from cocopot.hooks.selection import Selection

if TYPE_CHECKING:
    from cocopot.checks.subjects import Subject


def check_loading(subject: Subject) -> None:
    """Import the plugin for the first time, and register it in a plugin manager of its own."""
    candidate = subject.candidate
    subject.usable = False
    watch()
    before, printed = Snapshot.take(candidate.value.partition(":")[0].partition(".")[0]), _printed()
    subject.step("its module was imported")
    try:
        if candidate.entry_point is not None:
            candidate.entry_point.load()
        _find_effects(subject, before)
        if _printed() != printed:
            subject.find("CP302", "Importing it prints to standard output, or closes it.")
        subject.step("its class was instantiated")
        plugin = candidate.load()
    except BaseException as error:  # noqa: BLE001 - whatever it is, SystemExit too, is the finding
        _find_effects(subject, before)
        message = f"{candidate.value!r} cannot be loaded: {describe(error)}."
        subject.find("CP102", message, subject.place_of(error))
        return
    subject.facts["loaded"] = True
    subject.step("it was registered")
    try:
        subject.usable = _keeps_contract(subject)
        subject.facts["requires"] = declared_names(candidate, plugin, "requires")
        subject.facts["others"] = (*subject.facts["requires"], *declared_names(candidate, plugin, "after"))
    except PluginError as error:
        subject.find("CP106", contract_message(subject, error))


def _find_effects(subject: Subject, before: Snapshot) -> None:
    for effect in before.effects():
        subject.find("CP302", f"Importing it changes {effect}.", subject.place_of_function(effect.value))


def _printed() -> int | None:
    """Return how much was written to standard output, in bytes, if that is a file; `None` if it is closed."""
    try:
        sys.stdout.flush()
        return os.fstat(1).st_size
    except (AttributeError, OSError, ValueError):
        return None


def _keeps_contract(subject: Subject) -> bool:
    """Let the loader find, order, register and check the plugin, and all that it requires."""
    names, missing = with_requirements(subject.plugin)
    if missing:
        subject.find("CP106", f"It requires the plugin {missing!r}, which is not installed.")
        return False
    manager = PluginManager()
    try:
        Loader(manager).load(Selection(frozenset(names), "cocopot check-plugin", {}))
    except PluginError as error:
        message = contract_message(subject, error)
        subject.find(_contract_code(subject, manager, error), message, _place(subject, error))
        return False
    return True


def _contract_code(subject: Subject, manager: PluginManager, error: PluginError) -> str:
    """Return the rule that an error of the loader is about."""
    if error.plugin != subject.plugin:
        return "CP106"
    if isinstance(error.__cause__, pluggy.PluginValidationError):
        return "CP202"
    if error.hook is not None:
        return "CP203" if error.hook in manager.specified_hooks() else "CP201"
    return "CP106" if error.__cause__ is None else "CP204"


def _place(subject: Subject, error: PluginError) -> tuple[str, int]:
    function = getattr(subject.candidate.load(), error.hook, None) if error.hook else None
    place = subject.place_of_function(function)
    return place if any(place) or error.__cause__ is None else subject.place_of(error.__cause__)


def contract_message(subject: Subject, error: PluginError) -> str:
    """Return what an error of the loader says of the plugin; its name and place are the finding's."""
    text = str(error).partition("\nTo go on without it, ")[0]
    if error.plugin == subject.plugin:
        text = text.partition("\n  at ")[0]
    where = subject.candidate.describe()[1:]
    return f"It {text[1:].removeprefix(where).strip()}" if text[1:].startswith(where) else text
