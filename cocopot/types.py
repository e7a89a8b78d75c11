"""Type aliases that the rest of the package, and applications, share; each is a real type at run time."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeAlias, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

#: The body of a response, as a view may return it.
Body: TypeAlias = (
    WerkzeugResponse
    | str
    | bytes
    | bytearray
    | Mapping[str, Any]
    | Sequence[Any]
    | Iterator[str]
    | Iterator[bytes]
    | AsyncIterator[str]
    | AsyncIterator[bytes]
    | WSGIApplication
)
#: What a view may return as headers beside a body.
HeadersValue: TypeAlias = Headers | Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]]
#: What a view, an error handler or a before-request function may return.
ResponseValue: TypeAlias = (
    Body | tuple[Body, HeadersValue] | tuple[Body, int] | tuple[Body, int, HeadersValue]
)
#: What a call of a view function returns: a value, or the coroutine of a coroutine function.
ViewResult: TypeAlias = ResponseValue | Coroutine[Any, Any, ResponseValue]
#: A view function; the values of the URL are its keyword arguments.
View: TypeAlias = Callable[..., ViewResult]
#: What `sys.exc_info()` returns.
ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
StrPath: TypeAlias = str | os.PathLike[str]
#: A function whose arguments and result depend on where it is used.
Function: TypeAlias = Callable[..., Any]
#: Options by name, for a function that takes them as keyword arguments.
Options: TypeAlias = dict[str, Any]
#: A decorated function, which a decorator returns as it is.
F = TypeVar("F", bound=Function)

__all__ = [
    "Body",
    "ExcInfo",
    "F",
    "Function",
    "HeadersValue",
    "Options",
    "ResponseValue",
    "StartResponse",
    "StrPath",
    "View",
    "ViewResult",
    "WSGIApplication",
    "WSGIEnvironment",
]
