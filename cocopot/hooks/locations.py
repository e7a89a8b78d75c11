"""Where in the source a function, a plugin or an error is, and what an error says."""

from __future__ import annotations

import functools
import inspect
import linecache
import traceback
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

#: Packages that import and call plugins; an error of a plugin passes through them.
_MACHINERY = frozenset({"cocopot", "contextlib", "functools", "importlib", "importlib_metadata", "pluggy"})


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a source file.

    Args:
        file: Path of the file.
        line: Number of the line, from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def source(self) -> str:
        """Return the line itself, without blanks around it; empty if it cannot be read."""
        return linecache.getline(self.file, self.line).strip()


def place_of(target: object) -> Place | None:
    """Return where a function, class or module is defined, or the class of an object; `None` if unknown."""
    if isinstance(target, ModuleType):
        return Place(target.__file__, 1) if target.__file__ else None
    while isinstance(target, functools.partial):
        target = target.func
    function: Any = inspect.unwrap(target) if callable(target) else target
    code = getattr(function, "__code__", None)
    if inspect.iscode(code):
        return Place(code.co_filename, _line_of(code))
    cls = function if isinstance(function, type) else type(function)
    try:
        return Place(inspect.getfile(cls), inspect.getsourcelines(cls)[1])
    except (OSError, TypeError):  # it is built in, or made without a file
        return None


def _line_of(code: CodeType) -> int:
    """Return the line of `def`, which stands below the decorators."""
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    begins = (f"def {code.co_name}", f"async def {code.co_name}")
    found = (number for number, line in enumerate(lines) if line.lstrip().startswith(begins))
    return code.co_firstlineno + next(found, 0)


def place_of_error(error: BaseException) -> Place | None:
    """Return the first line outside of Cocopot and the import system that an error passed; `None` if unknown.

    Of a syntax error it is the line that cannot be read.
    """
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        return Place(error.filename, error.lineno or 1)
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = frame.f_globals.get("__name__")  # compiled calls have none
        if module is not None and str(module).partition(".")[0] not in _MACHINERY:
            return Place(frame.f_code.co_filename, line)
    return None


def text_of(error: BaseException) -> str:
    """Return what an error says; the name of its type if it cannot say that.

    Of a syntax error it is the problem without file and line, which `place_of_error` returns.
    """
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:  # noqa: BLE001 - whatever its `__str__` raises
        return type(error).__name__
