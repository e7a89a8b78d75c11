"""Functions for views: URLs, redirects, responses, files and JSON."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict, TypeVar, cast

import werkzeug.exceptions
import werkzeug.utils

from cocopot.context import CURRENT, current, current_request, current_request_context
from cocopot.coroutines import Synchronous
from cocopot.datastructures import check_etag, check_file_name, clean_file_name
from cocopot.exceptions import HTTPException, NotFound
from cocopot.files import FILE_TYPES, PlainFile, file_of, has_conditions, path_below
from cocopot.functions import check_function, name_of
from cocopot.head import MAKER
from cocopot.redirects import redirect_response
from cocopot.response import Response
from cocopot.routing import Router
from cocopot.speedups import UrlMethods, abort_function

if TYPE_CHECKING:
    from typing import IO, Unpack

    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot.context import Context
    from cocopot.request import Request

AfterFunction = TypeVar("AfterFunction", bound=Callable[[Any], object])
_Response = Response  # for `redirect`, which has a parameter of the other name
#: Seconds, or a function that returns them for a file name; `None` for no caching.
MaxAge = int | Callable[[str | None], int | None] | None
# The types of a time of change that Werkzeug need not inspect.
_TIMES = frozenset({type(None), int, float, datetime})
#: Replaces the functions that build URLs by what is compiled of them.
URLS = UrlMethods(CURRENT, Router)


@URLS.helper
def url_for(
    endpoint: str,
    *,
    _anchor: str | None = None,
    _method: str | None = None,
    _scheme: str | None = None,
    _external: bool | None = None,
    **values: object,
) -> str:
    """Build the URL of an endpoint of the current application.

    Args:
        endpoint: Name of the endpoint; a leading dot means the current blueprint.
        _anchor: Fragment to append, without the `#`.
        _method: Build for the rule that accepts this method.
        _scheme: URL scheme such as `"https"`; the URL is then external.
        _external: Whether the URL includes scheme and host; by default only outside of requests.
        values: Values for the rule's variables; the others become the query string.

    Raises:
        werkzeug.routing.BuildError: If no rule fits and no build-error handler returns a URL.
        RuntimeError: Outside of a request, if SERVER_NAME is not configured.
    """
    context = CURRENT.get(None) or current()
    return context.app.url_for(
        endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values
    )


def redirect(
    location: str,
    code: int = 302,
    response_class: type[Response] | None = None,
    *,
    Response: type[Response] | None = None,  # noqa: N803 - the name that Flask and Werkzeug have
) -> Response:
    """Return a response that redirects the client to another URL (RFC 9110, section 15.4).

    Args:
        location: The URL, relative or absolute.
        code: 301, 302, 303, 305, 307 or 308.
        response_class: Class of the response; by default the application's.
        Response: The same, under the name that Flask has for it.
    """
    context, response_class = CURRENT.get(None), response_class or Response
    if response_class is None and context is not None:
        return context.app.redirect(location, code)
    return redirect_response(location, code, response_class or _Response)


@partial(
    abort_function,
    current=CURRENT,
    aborter_class=werkzeug.exceptions.Aborter,
    http_exception=HTTPException,
    response_class=Response,
)
def abort(code: int | WerkzeugResponse, *args: object, **kwargs: object) -> NoReturn:
    """Raise the HTTP exception of a status code, or one that carries a response.

    The `aborter` of the current application does it, which may have exceptions of its own.

    Args:
        code: A status code, or a response.
        args: Passed to the exception, such as a description.
        kwargs: Passed to the exception, such as `response=`.
    """
    context = CURRENT.get(None)
    if context is None:
        werkzeug.exceptions.abort(code, *args, **kwargs)
    context.app.aborter(code, *args, **kwargs)


@MAKER.function
def make_response(*args: Any) -> Response:
    """Return the response for a view's return value, so that headers or cookies can be added to it.

    Args:
        args: What the view would return: one value, or the items of a tuple; nothing for an empty response.
    """
    app = current_request_context().app
    if not args:
        return app.response_class()
    return app.make_response(args[0] if len(args) == 1 else args)


def jsonify(*args: object, **kwargs: object) -> Response:
    """Return a JSON response (RFC 8259).

    Args:
        args: One value, or several, which become a list.
        kwargs: Instead of `args`, the members of an object.

    Raises:
        TypeError: If both are passed, or a value cannot be serialized.
    """
    response: Response = current().app.json.response(*args, **kwargs)
    return response


# -------------------------------------------------------------------------
# Files
# -------------------------------------------------------------------------


class FileOptions(TypedDict, total=False):
    """The keyword arguments of `send_file`."""

    mimetype: str | None
    as_attachment: bool
    download_name: str | None
    conditional: bool
    etag: bool | str
    last_modified: datetime | float | None
    max_age: MaxAge


def send_file(
    path_or_file: os.PathLike[str] | str | IO[bytes],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | float | None = None,
    max_age: MaxAge = None,
) -> Response:
    """Send a file; conditional and range requests (RFC 9110, sections 13 and 14) are supported.

    Never pass a path that comes from a client; use `send_from_directory` for that. A file, or a range, of at
    most 64 KiB is read before it is sent; an `io.BytesIO` is closed then, whatever its size.

    Args:
        path_or_file: A path, relative to the application's root path, or a file opened for reading bytes.
        mimetype: The media type; by default guessed from the name.
        as_attachment: Ask the browser to save the file instead of displaying it.
        download_name: File name that the browser proposes when saving.
        conditional: Whether to evaluate the headers of conditional and range requests.
        etag: Whether to compute an entity tag, or the tag itself.
        last_modified: Time of the last change; by default the file's own.
        max_age: How many seconds the file may be cached; by default SEND_FILE_MAX_AGE_DEFAULT.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If `download_name` contains a control character, or `etag` is invalid (RFC 9110, 8.8.3).
    """
    if etag is not True:
        check_etag(etag)
    options: FileOptions = {
        "mimetype": mimetype,
        "as_attachment": as_attachment,
        "download_name": _download_name(download_name, path_or_file),
        "conditional": conditional,
        "etag": etag,
        "last_modified": last_modified,
        "max_age": max_age,
    }
    context = current()
    if type(path_or_file) not in FILE_TYPES and isinstance(path_or_file, (str, os.PathLike)):
        path = _below(context.app.root_path, path_or_file)
        response = _plain_response(context, PlainFile(path, options["download_name"]), options)
        if response is not None:
            return response
    elif (
        (download_name is not None or (mimetype is not None and not as_attachment))
        and not (conditional and has_conditions(_request_of(context).environ))
        and (file := file_of(path_or_file, download_name)) is not None
        and (response := _plain_response(context, file, options)) is not None
    ):
        return response
    max_age = options.pop("max_age")
    return _as_response(werkzeug.utils.send_file(path_or_file, **options, **_sending_options(max_age)))


def send_from_directory(
    directory: os.PathLike[str] | str, path: os.PathLike[str] | str, **kwargs: Unpack[FileOptions]
) -> Response:
    """Send a file from inside a directory; the path may come from a client.

    Args:
        directory: The directory, relative to the application's root path; must not come from a client.
        path: The file's path inside the directory.
        kwargs: Passed to `send_file`.

    Raises:
        NotFound: If the file does not exist, or the path leads out of the directory.
        ValueError: If `download_name` or `etag` is invalid, as for `send_file`.
    """
    check_etag(kwargs.get("etag"))
    kwargs["download_name"] = _download_name(kwargs.get("download_name"), path)
    context = current()
    folder, name, root = os.fspath(directory), os.fspath(path), context.app.root_path
    if (found := path_below(root, folder, name)) is not None:
        try:
            file = PlainFile(found, kwargs["download_name"])
        except (OSError, ValueError):
            raise NotFound from None
        if (response := _plain_response(context, file, kwargs)) is not None:
            return response
    # Werkzeug looks for the normalized path, in which nothing follows the name of a file.
    if not os.path.isfile(os.path.join(root, folder, name)):  # noqa: PTH113, PTH118
        raise NotFound
    max_age = kwargs.pop("max_age", None)
    return _as_response(
        werkzeug.utils.send_from_directory(directory, path, **kwargs, **_sending_options(max_age))
    )


def _below(root: str, path: os.PathLike[str] | str) -> str:
    """Return a path, which may be relative to a folder; `os.path.join` takes longer for an absolute one."""
    path = os.fspath(path)
    if os.sep == "/" and path.startswith("/"):
        return path
    return os.path.join(root, path)  # noqa: PTH118


def _request_of(context: Context) -> Request:
    return current_request() if context.request is None else context.request


def _plain_response(context: Context, file: PlainFile, options: FileOptions) -> Response | None:
    """Return the response with a file, or `None` if Werkzeug has to make it.

    Raises:
        OSError: If the file cannot be read.
    """
    app, request = context.app, _request_of(context)
    is_plain = app.response_class is Response and not app.config["USE_X_SENDFILE"]
    last_modified = options.get("last_modified")
    if not (is_plain and file.is_plain) or type(last_modified) not in _TIMES:
        return None
    max_age = options.get("max_age")
    if max_age is None:
        max_age = app.get_send_file_max_age
    seconds = max_age(file.path) if callable(max_age) else max_age
    if seconds is not None and type(seconds) is not int:
        return None
    head = file.headers(
        mimetype=options.get("mimetype"),
        as_attachment=options.get("as_attachment", False),
        max_age=seconds,
        etag=options.get("etag", True),
        last_modified=last_modified,
    )
    return None if head is None else file.respond(head, request.environ, options.get("conditional", True))


def _download_name(name: str | None, path_or_file: os.PathLike[str] | str | IO[bytes]) -> str | None:
    """Return the file name to propose; `None` for the file's own, unless a header cannot contain that.

    Raises:
        ValueError: If a name was passed, and contains a control character.
    """
    if name is not None:
        check_file_name(name)
        return name
    if type(path_or_file) is not str:
        if type(path_or_file) in FILE_TYPES or not isinstance(path_or_file, (str, os.PathLike)):
            return None
        path_or_file = os.fspath(path_or_file)
    if path_or_file.isprintable():
        return None
    name = PurePath(path_or_file).name
    return None if name.isprintable() else clean_file_name(name)


def _sending_options(max_age: MaxAge) -> dict[str, Any]:
    """Return the arguments of Werkzeug's `send_file` that depend on the request and the application."""
    request, app = current_request(), current().app
    return {
        "environ": request.environ,
        "max_age": app.get_send_file_max_age if max_age is None else max_age,
        "response_class": app.response_class,
        "use_x_sendfile": app.config["USE_X_SENDFILE"],
        "_root_path": app.root_path,
    }


def _as_response(response: WerkzeugResponse) -> Response:
    """Narrow what Werkzeug declares: it makes an instance of the response class that it is passed."""
    return cast("Response", response)


# -------------------------------------------------------------------------
# After the view
# -------------------------------------------------------------------------


def after_this_request(f: AfterFunction) -> AfterFunction:
    """Call `f` with the response of the current request, before the after-request hooks.

    In a copy of the request context, such as in another thread, it is called with the response of the
    original one.

    Args:
        f: Takes the response and returns one; `None` means unchanged.

    Raises:
        RuntimeError: If no request context is active, or if `f` would never run: the after-request hooks run
            already, or the response has been sent.
        TypeError: If `f` would never run: it is a generator function.
    """
    context = current_request_context()
    context = context.original or context
    kind = check_function("after_this_request()", f, may_await=True)
    if context.response_is_sent or not context.holds:
        raise RuntimeError(f"after_this_request({name_of(f)}) was called too late: {_AFTER_RESPONSE}")
    if context.after_functions is None:
        context.after_functions = []
    functions = context.after_functions
    if not isinstance(functions, list):
        raise RuntimeError(f"after_this_request({name_of(f)}) was called too late: {_AFTER_HOOKS}")  # noqa: TRY004 - the time is wrong
    functions.append(f if kind == "plain" else Synchronous(f))
    return f


_AFTER_RESPONSE = (
    "the response is with the server, and no function can change it. Call after_this_request in a function "
    "that runs before: the view, a before-request function or an error handler, also for a streamed body. "
    "What must run later can be called here; elsewhere it belongs into @app.teardown_request."
)
_AFTER_HOOKS = (
    "its functions run before the after-request hooks, which run now. Change the response here, or call "
    "after_this_request in the view, a before-request function or an error handler."
)
