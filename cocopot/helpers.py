"""Functions for views: URLs, redirects, files, JSON, and what outlives the view."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast, overload

import werkzeug.exceptions
import werkzeug.utils

from cocopot.context import CURRENT, current, current_request_context

if TYPE_CHECKING:
    import os
    from datetime import datetime
    from typing import IO

    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot.context import Context
    from cocopot.response import Response

F = TypeVar("F", bound=Callable[..., Any])


def url_for(
    endpoint: str,
    *,
    _anchor: str | None = None,
    _method: str | None = None,
    _scheme: str | None = None,
    _external: bool | None = None,
    **values: Any,
) -> str:
    """Build the URL of an endpoint of the current application.

    Args:
        endpoint: Name of the endpoint; one that begins with a dot belongs to the current blueprint.
        _anchor: Fragment to append, without the `#`.
        _method: Build for the rule that answers this method.
        _scheme: `"https"` and the like; the URL is then external.
        _external: Whether scheme and host are part of the URL; by default outside of requests only.
        values: Values for the rule; others go to the query string.

    Raises:
        werkzeug.routing.BuildError: If no rule fits and no build-error handler helps.
        RuntimeError: Outside of a request, if SERVER_NAME is not configured.
    """
    return current().app.url_for(
        endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values
    )


def redirect(location: str, code: int = 302, response_class: Any = None) -> Response:
    """Return a response that sends the client elsewhere (RFC 9110, section 15.4).

    Args:
        location: The URL, relative or absolute.
        code: 301, 302, 303, 305, 307 or 308.
        response_class: Class of the response; that of the application by default.
    """
    context = CURRENT.get(None)
    if response_class is None and context is not None:
        response_class = context.app.response_class
    return cast("Response", werkzeug.utils.redirect(location, code, response_class))


def abort(code: int | WerkzeugResponse, *args: Any, **kwargs: Any) -> NoReturn:
    """Raise the HTTP exception of a status code, or one that answers with a response.

    Args:
        code: A status code, or a response.
        args: Passed to the exception, such as a description.
        kwargs: Passed to the exception, such as `response=`.
    """
    werkzeug.exceptions.abort(code, *args, **kwargs)


def make_response(*args: Any) -> Response:
    """Return the response that a view would give by returning `args`, to add headers or cookies to it."""
    context = current_request_context()
    if not args:
        return cast("Response", context.app.response_class())
    return cast("Response", context.app.make_response(args[0] if len(args) == 1 else args))


def jsonify(*args: Any, **kwargs: Any) -> Response:
    """Return a JSON response (RFC 8259).

    Args:
        args: One value, or several, which become a list.
        kwargs: Instead of `args`, the members of an object.

    Raises:
        TypeError: If both are given, or a value has no JSON form.
    """
    return cast("Response", current().app.json.response(*args, **kwargs))


# -------------------------------------------------------------------------
# Files
# -------------------------------------------------------------------------


def send_file(
    path_or_file: os.PathLike[str] | str | IO[bytes],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | float | None = None,
    max_age: int | Callable[[str | None], int | None] | None = None,
) -> Response:
    """Send a file; conditional and range requests (RFC 9110, sections 13 and 14) are answered.

    Never pass a path that a client has given; that is what `send_from_directory` is for.

    Args:
        path_or_file: A path, relative to the application's root path, or a file opened for reading bytes.
        mimetype: The media type; guessed from the name by default.
        as_attachment: Ask the browser to save the file instead of showing it.
        download_name: Name under which the browser saves it.
        conditional: Whether to answer conditional and range requests.
        etag: Whether to compute an entity tag, or the tag.
        last_modified: Time of the last change; the file's own by default.
        max_age: For how many seconds the file may be cached; SEND_FILE_MAX_AGE_DEFAULT by default.

    Raises:
        OSError: If the file cannot be read.
    """
    return cast(
        "Response",
        werkzeug.utils.send_file(
            path_or_file,
            mimetype=mimetype,
            as_attachment=as_attachment,
            download_name=download_name,
            conditional=conditional,
            etag=etag,
            last_modified=last_modified,
            **_file_options(max_age),
        ),
    )


def send_from_directory(
    directory: os.PathLike[str] | str, path: os.PathLike[str] | str, **kwargs: Any
) -> Response:
    """Send a file from below a directory, for a path that a client has given.

    Args:
        directory: The directory, relative to the application's root path; must not come from a client.
        path: The file's path below it.
        kwargs: Passed to `send_file`.

    Raises:
        NotFound: If there is no such file, or the path leads out of the directory.
    """
    max_age = kwargs.pop("max_age", None)
    return cast(
        "Response",
        werkzeug.utils.send_from_directory(directory, path, **kwargs, **_file_options(max_age)),
    )


def _file_options(max_age: int | Callable[[str | None], int | None] | None) -> dict[str, Any]:
    context = current_request_context()
    app: Any = context.app
    return {
        "environ": cast("Any", context.request).environ,
        "max_age": app.get_send_file_max_age if max_age is None else max_age,
        "response_class": app.response_class,
        "use_x_sendfile": app.config["USE_X_SENDFILE"],
        "_root_path": app.root_path,
    }


# -------------------------------------------------------------------------
# What outlives the view
# -------------------------------------------------------------------------


def after_this_request(f: F) -> F:
    """Run `f` with the response of the current request, before the after-request hooks.

    Args:
        f: Takes the response and returns one; `None` means unchanged.

    Raises:
        RuntimeError: If no request context is active.
    """
    context = current_request_context()
    if context.after_functions is None:
        context.after_functions = []
    context.after_functions.append(f)
    return f


StreamSource = Iterable[str] | Iterable[bytes]


@overload
def stream_with_context(generator_or_function: StreamSource) -> Iterator[Any]: ...


@overload
def stream_with_context(
    generator_or_function: Callable[..., StreamSource],
) -> Callable[..., Iterator[Any]]: ...


def stream_with_context(
    generator_or_function: StreamSource | Callable[..., StreamSource],
) -> Iterator[Any] | Callable[..., Iterator[Any]]:
    """Keep the request context for as long as a streamed body is read.

    The teardown hooks run when the body has been read or the client has gone away; they get the exception
    that ended the stream, if one did.

    Args:
        generator_or_function: An iterable of `str` or `bytes`, or a function that returns one.

    Returns:
        The same, with the request context active while it is read.

    Raises:
        RuntimeError: If no request context is active.
    """
    if callable(generator_or_function):
        function = generator_or_function

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Iterator[Any]:
            return _ContextIterator(function(*args, **kwargs))

        return decorated
    return _ContextIterator(generator_or_function)


class _ContextIterator(Iterator[Any]):
    """Reads an iterable inside a copy of the present context variables, wherever and whenever it is read."""

    _context: Context | None = None

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._context = current_request_context()
        self._context.hold()
        self._variables = contextvars.copy_context()
        self._variables.run(CURRENT.set, self._context)
        self._source = iterable
        self._next: Callable[[], Any] | None = None

    def __next__(self) -> Any:
        try:
            if self._next is None:
                self._next = self._variables.run(iter, self._source).__next__
            return self._variables.run(self._next)
        except StopIteration:
            self.close()
            raise
        except BaseException as exc:
            self.close(exc)
            raise

    def close(self, exc: BaseException | None = None) -> None:
        """Close the iterable and let go of the context; called by the server, by PEP 3333."""
        context, self._context = self._context, None
        if context is None:
            return
        try:
            if (close := getattr(self._source, "close", None)) is not None:
                self._variables.run(close)
        finally:
            self._variables.run(context.release, exc)

    def __del__(self) -> None:
        self.close()
