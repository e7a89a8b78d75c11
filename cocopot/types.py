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
#: The value of a header: a text, or several for a header that is sent several times.
HeaderValue: TypeAlias = str | Iterable[str]
#: What a view may return as headers beside a body.
HeadersValue: TypeAlias = Headers | Mapping[str, HeaderValue] | Iterable[tuple[str, str]]
#: What a view, an error handler or a before-request function may return.
ResponseValue: TypeAlias = (
    Body | tuple[Body, HeadersValue] | tuple[Body, int] | tuple[Body, int, HeadersValue]
)
#: What a call of a view function returns: a value, or the coroutine of a coroutine function.
ViewResult: TypeAlias = ResponseValue | Coroutine[Any, Any, ResponseValue]
#: A view function; the values of the URL are its keyword arguments.
View: TypeAlias = Callable[..., ViewResult]
#: The check of a configuration key: whether a value is valid, and a sentence with what to give otherwise.
KeyCheck: TypeAlias = tuple[Callable[[object], bool], str]

# -------------------------------------------------------------------------
# Under the names that `flask.typing` has
# -------------------------------------------------------------------------

#: What a view may return: `ResponseValue`.
ResponseReturnValue: TypeAlias = ResponseValue
#: A view function: `View`.
RouteCallable: TypeAlias = View
#: The class of responses that a function takes and returns.
ResponseClass = TypeVar("ResponseClass", bound=WerkzeugResponse)
#: The key of a table of functions: the name of a blueprint, or `None` for the application.
AppOrBlueprintKey: TypeAlias = str | None
#: A function for `before_request`: what it returns, if anything, is the response.
BeforeRequestCallable: TypeAlias = Callable[[], ViewResult | None] | Callable[[], Coroutine[Any, Any, None]]
#: A function for `after_request`: it takes a response and returns one.
AfterRequestCallable: TypeAlias = (
    Callable[[ResponseClass], ResponseClass] | Callable[[ResponseClass], Coroutine[Any, Any, ResponseClass]]
)
#: A function for `teardown_request` and `teardown_appcontext`: it takes an exception or `None`.
TeardownCallable: TypeAlias = (
    Callable[[BaseException | None], None] | Callable[[BaseException | None], Coroutine[Any, Any, None]]
)
#: A function for `errorhandler`: it takes an exception and returns what a view may return.
ErrorHandlerCallable: TypeAlias = Callable[[Any], ViewResult]
#: A function for `context_processor`: it returns names for templates.
TemplateContextProcessorCallable: TypeAlias = (
    Callable[[], dict[str, Any]] | Callable[[], Coroutine[Any, Any, dict[str, Any]]]
)
#: A function for `template_filter`: its first argument is the value that is filtered.
TemplateFilterCallable: TypeAlias = Callable[..., Any]
#: A function for `template_global`.
TemplateGlobalCallable: TypeAlias = Callable[..., Any]
#: A function for `template_test`: its first argument is the value that is tested.
TemplateTestCallable: TypeAlias = Callable[..., bool]
#: A function for `shell_context_processor`: it returns names for the interactive shell.
ShellContextProcessorCallable: TypeAlias = Callable[[], dict[str, Any]]
#: A function for `url_defaults`: it takes an endpoint, and the values that it may add to.
URLDefaultCallable: TypeAlias = Callable[[str, dict[str, Any]], None]
#: A function for `url_value_preprocessor`: it takes the endpoint and the values of a URL, or `None` twice.
URLValuePreprocessorCallable: TypeAlias = Callable[[str | None, dict[str, Any] | None], None]

# -------------------------------------------------------------------------
# Others
# -------------------------------------------------------------------------

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
    "AfterRequestCallable",
    "AppOrBlueprintKey",
    "BeforeRequestCallable",
    "Body",
    "ErrorHandlerCallable",
    "ExcInfo",
    "F",
    "Function",
    "HeaderValue",
    "HeadersValue",
    "KeyCheck",
    "Options",
    "ResponseClass",
    "ResponseReturnValue",
    "ResponseValue",
    "RouteCallable",
    "ShellContextProcessorCallable",
    "StartResponse",
    "StrPath",
    "TeardownCallable",
    "TemplateContextProcessorCallable",
    "TemplateFilterCallable",
    "TemplateGlobalCallable",
    "TemplateTestCallable",
    "URLDefaultCallable",
    "URLValuePreprocessorCallable",
    "View",
    "ViewResult",
    "WSGIApplication",
    "WSGIEnvironment",
]
