"""What plugins return from `cocopot_check`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cocopot.cli.findings import Finding, clean
from cocopot.hooks.attribution import attributed_call
from cocopot.hooks.results import ResultError, describe_source
from cocopot.locations import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pluggy

    from cocopot.app import Cocopot

_HOOK = "cocopot_check"


def findings_of_plugins(app: Cocopot) -> Iterator[Finding]:
    """Yield the findings of plugins, each with the plugin that returned it.

    Args:
        app: The application, which has been started.

    Raises:
        TypeError: If a plugin returned something else, with the plugin.
    """
    call = attributed_call(app.plugins, _HOOK, ())
    if call is None:
        return
    results, sources = call(app)
    impls = {id(result): impl for impl, result in sources}
    for result in results:
        for found in result:
            yield _checked(app, impls.get(id(result)), found)


def _checked(app: Cocopot, impl: pluggy.HookImpl | None, found: object) -> Finding:
    blame = None if impl is None else app.plugins.culprit(impl, _HOOK)
    if isinstance(found, Finding):
        is_own = found.plugin is None and found.kind == "plugin" and blame is not None
        plugin = blame.plugin if is_own and blame is not None else found.plugin
        return replace(found, problem=clean(found.problem), cure=clean(found.cure), plugin=plugin)
    who = "A wrapper" if blame is None or impl is None else describe_source(blame, impl)
    raise ResultError(
        f"{who} returned {shown(found)} among the findings of {_HOOK}; they are cocopot.cli.Finding.", blame
    )
