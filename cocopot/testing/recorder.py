"""Recording of the hook calls of an application."""

from __future__ import annotations

import reprlib
from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.app import Cocopot
    from cocopot.hooks.observers import HookCallRecord

_SHORT = reprlib.Repr()
_SHORT.maxother = _SHORT.maxstring = 60


class Recorder:
    """The calls of hook implementations that were recorded, for tests."""

    def __init__(self) -> None:
        self._records: list[HookCallRecord] = []

    def add(self, record: HookCallRecord) -> None:
        """Add the record of a call; the callback for `app.plugins.observe`."""
        self._records.append(record)

    @property
    def calls(self) -> list[HookCallRecord]:
        """All finished calls, in the order in which they began: a wrapper before what it wraps."""
        return sorted(self._records, key=attrgetter("start"))

    @property
    def hooks(self) -> list[str]:
        """The hooks with at least one call, each once, in the order of their first call."""
        return list(dict.fromkeys(record.hook for record in self.calls))

    def of(self, hook: str) -> list[str]:
        """Return the plugins whose implementations of a hook were called, in order."""
        return [record.plugin for record in self.calls if record.hook == hook]

    def clear(self) -> None:
        """Discard all recorded calls."""
        self._records.clear()

    def format(self) -> str:
        """Return the calls as a table: number, hook, plugin, milliseconds, result or exception."""
        rows = [("", "hook", "plugin", "ms", "result")]
        for number, record in enumerate(self.calls, 1):
            outcome = record.result if record.exception is None else record.exception
            text = ("" if record.exception is None else "raised ") + _SHORT.repr(outcome).replace("\n", " ")
            rows.append((str(number), record.hook, record.plugin, f"{record.duration * 1000:.3f}", text))
        number, hook, plugin, ms, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(f"{a:>{number}}  {b:{hook}}  {c:{plugin}}  {d:>{ms}}  {e}" for a, b, c, d, e in rows)

    def __str__(self) -> str:
        return self.format()

    def __repr__(self) -> str:
        return f"<Recorder: {len(self._records)} calls of {', '.join(self.hooks) or 'no hook'}>"


@contextmanager
def recorder(app: Cocopot) -> Iterator[Recorder]:
    """Record the hook calls of an application during a `with` block.

    Example:
        ```python
        from cocopot import hookimpl
        from cocopot.testing import make_app, recorder

        class Login:
            plugin_name = "login"

            @hookimpl
            def cocopot_before_request(self): ...

        app = make_app(Login())
        with recorder(app) as recorded:
            app.test_client().get("/")
        assert recorded.of("cocopot_before_request") == ["login"]
        ```

    Args:
        app: The application. Calls that were made while it was created are not recorded.
    """
    recorded = Recorder()
    undo = app.plugins.observe(recorded.add)
    try:
        yield recorded
    finally:
        undo()
