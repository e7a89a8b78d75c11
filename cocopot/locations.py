"""The source location of a function, a plugin or an exception, and the message of an exception."""

from __future__ import annotations

import functools
import inspect
import linecache
import traceback
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType, FrameType, ModuleType

#: Packages that import and call plugins; an exception of a plugin passes through them.
_MACHINERY = frozenset({"cocopot", "contextlib", "functools", "importlib", "importlib_metadata", "pluggy"})


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A line of a source file.

    Args:
        file: Path of the file.
        line: Number of the line, from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def read_line(self) -> str:
        """Return the line itself, without blanks around it; empty if it cannot be read."""
        return linecache.getline(self.file, self.line).strip()


def at_place(place: SourceLocation | None) -> str:
    """Return a place and its line of source as a further line of a message; empty if it is unknown."""
    return "" if place is None else f"\n  at {place}: {place.read_line()}".removesuffix(": ")


def locate(target: object) -> SourceLocation | None:
    """Return where a function, class or module is defined.

    Args:
        target: A function, a class, a module, or an object, of which the class is located.

    Returns:
        The line of the definition, below all decorators; `None` if it is unknown.
    """
    if isinstance(target, ModuleType):
        return SourceLocation(target.__file__, 1) if target.__file__ else None
    while isinstance(target, functools.partial):
        target = target.func
    function: object = inspect.unwrap(target) if callable(target) else target
    code = getattr(function, "__code__", None)
    if inspect.iscode(code):
        return SourceLocation(code.co_filename, _find_definition_line(code))
    cls = function if isinstance(function, type) else type(function)
    try:
        return SourceLocation(inspect.getfile(cls), inspect.getsourcelines(cls)[1])
    except (OSError, TypeError):  # it is built in, or was created without a file
        return None


def _find_definition_line(code: CodeType) -> int:
    """Return the line of `def`, which is below the decorators."""
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    begins = (f"def {code.co_name}", f"async def {code.co_name}")
    found = (number for number, line in enumerate(lines) if line.lstrip().startswith(begins))
    return code.co_firstlineno + next(found, 0)


def locate_error(error: BaseException) -> SourceLocation | None:
    """Return the first line outside of Cocopot and the import system that an exception passed.

    Args:
        error: The exception, with its traceback.

    Returns:
        That line, or for a syntax error the line that cannot be parsed; `None` if it is unknown.
    """
    with suppress(Exception):  # its attributes may be properties of its class
        if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
            return SourceLocation(error.filename, error.lineno or 1)
        for frame, line in traceback.walk_tb(error.__traceback__):
            if is_foreign(frame):
                return SourceLocation(frame.f_code.co_filename, line)
    return None


def locate_caller() -> SourceLocation | None:
    """Return the innermost line outside of Cocopot that has led to this call; `None` if there is none."""
    frame = inspect.currentframe()
    while frame is not None and not is_foreign(frame):
        frame = frame.f_back
    return None if frame is None else SourceLocation(frame.f_code.co_filename, frame.f_lineno)


def is_foreign(frame: FrameType) -> bool:
    """Whether a frame runs code outside of Cocopot, the import system, and what calls plugins."""
    module = frame.f_globals.get("__name__")  # compiled calls have none
    return module is not None and str(module).partition(".")[0] not in _MACHINERY


def shown(value: object, limit: int = 200) -> str:
    """Return the start of the `repr` of a value, for a message; the name of its type if that fails."""
    try:
        return f"{value!r:.{limit}}"
    except Exception:  # noqa: BLE001 - whatever its `__repr__` raises
        return f"<{type(value).__qualname__}>"


def message_of(error: BaseException) -> str:
    """Return the message of an exception.

    Args:
        error: The exception.

    Returns:
        Its text; for a syntax error without file and line, which `locate_error` returns; the name of its type
        if `str` fails.
    """
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:  # noqa: BLE001 - whatever its `__str__` raises
        return type(error).__name__
