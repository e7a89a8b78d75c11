"""Turn what goes wrong while a plugin is loaded or set up into a `PluginError` about the plugin at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.exceptions import blame_of
from cocopot.hooks.candidates import Candidate
from cocopot.hooks.results import ResultError
from cocopot.locations import locate_error, message_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot.exceptions import Blame, PluginError, PluginErrorReason
    from cocopot.hooks.records import PluginRecord

#: The problem of a plugin that raised an exception itself, by the reason of its error.
_FAILURES: dict[PluginErrorReason, str] = {
    "import": "failed to load",
    "declaration": "cannot be ordered",
    "register": "breaks the hook contract",
    "config": "failed in cocopot_config_defaults",
    "setup": "failed in cocopot_setup",
}


def wrap_error(candidate: Candidate, error: BaseException, reason: PluginErrorReason) -> PluginError:
    """Return the `PluginError` for an exception, which is its cause.

    It is about `candidate`, or the plugin that raised the exception in a hook that `candidate` called, such
    as the `cocopot_setup` of a plugin that it has registered.

    Args:
        candidate: The plugin that is loaded or set up.
        error: What was raised.
        reason: In which step.
    """
    blame = next((blame for blame in blame_of(error) if blame.origin == "plugin"), None)
    text, place = message_of(error).strip(), locate_error(error)
    problem = _FAILURES[reason] if blame is None else f"failed in {blame.hook}"
    if blame is not None and blame.plugin != candidate.name:
        place = blame.place
    if type(error) is ResultError:
        text, place = error.problem, error.place
    wrapped = _candidate_of(candidate, blame).error(
        f"{problem}: {type(error).__name__}: {text}",
        reason=reason,
        place=place,
        hook=None if blame is None else blame.hook,
    )
    wrapped.__cause__ = error
    return wrapped


def _candidate_of(candidate: Candidate, blame: Blame | None) -> Candidate:
    if blame is None or blame.plugin == candidate.name:
        return candidate
    return Candidate(blame.plugin, distribution=blame.distribution or "", version=blame.version or "")


def skipped_plugin(
    candidate: Candidate, error: BaseException, records: Mapping[str, PluginRecord]
) -> Candidate:
    """Return the plugin to skip for an exception: `candidate`, or one whose wrapper is around its hook.

    Args:
        candidate: The plugin that is loaded or set up.
        error: What was raised.
        records: What is registered, by name.
    """
    names = [blame.plugin for blame in blame_of(error)]
    others = [records[name] for name in names if name in records and records[name].origin == "plugin"]
    return candidate if candidate.name in names or not others else others[0].candidate
