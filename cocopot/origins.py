"""The origins of the values of a configuration."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self


class Origin(NamedTuple):
    """The origin of the value of a configuration key.

    Args:
        kind: What set it; `"default"` is the core.
        source: The plugin's name, the file's path, the environment variable's name, the object's import name,
            or `PATH:LINE` of the code.
        within: The origin of the mapping, if only an item of a mapping was set.
    """

    kind: Literal["default", "plugin", "file", "environment", "object", "code"]
    source: str = ""
    within: Origin | None = None

    def __str__(self) -> str:
        own = f"{self.kind} {self.source}".rstrip()
        return own if self.within is None else f"{own}, in {self.within}"


class TracedDict(dict[str, Any]):
    """A dict that records the origin of each value when it is set, and is read as fast as a dict.

    Args:
        values: The first keys and values, recorded as the core's defaults.
    """

    def __init__(self, values: Mapping[str, object] | Iterable[tuple[str, object]] = ()) -> None:
        super().__init__(values)
        self._origins = dict.fromkeys(self, Origin("default"))

    def origin(self, key: str) -> Origin | None:
        """Return the origin of a key's value, or `None` if the key is missing."""
        return self._origins.get(key) if key in self else None

    def set_from(self, values: Mapping[str, object], origin: Origin) -> None:
        """Set keys, whatever their case, and record where their values come from.

        Args:
            values: The keys and their values.
            origin: Their origin.
        """
        super().update(values)
        self._origins.update(dict.fromkeys(values, origin))

    def snapshot(self) -> Callable[[], None]:
        """Return a function that rolls back to the current state."""
        values, origins = dict(self), dict(self._origins)

        def restore() -> None:
            self.clear()
            super(TracedDict, self).update(values)
            self._origins = origins

        return restore

    def __setitem__(self, key: str, value: object) -> None:
        super().__setitem__(key, value)
        self.__dict__.setdefault("_origins", {})[key] = caller_origin()  # pickle sets items before attributes

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _origins=dict(state["_origins"]))

    def setdefault(self, key: str, default: object = None) -> Any:
        """Return the value of a key, which is set to `default` if it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set keys, whatever their case, as `dict.update` does."""
        self.set_from(dict(*args, **kwargs), caller_origin())

    def __ior__(self, other: Any) -> Self:  # type: ignore[override, misc]  # as dict's, for any mapping or pairs
        self.update(other)
        return self


def caller_origin() -> Origin:
    """Return the line outside of this package that called it."""
    frame = sys._getframe(1)  # noqa: SLF001 - what `warnings` and `logging` do
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__")):
        frame = frame.f_back
    return Origin("code", f"{frame.f_code.co_filename}:{frame.f_lineno}")


def _is_inside(module: str | None) -> bool:
    return module is not None and f"{module}.".startswith(("cocopot.", "copy.", "copyreg."))
