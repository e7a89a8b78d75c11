"""Errors of debug mode: what a client or a page does that cannot work, explained where it is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import FileStorage, ImmutableMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.routing import RequestRedirect


class FormDataRoutingRedirect(AssertionError):  # noqa: N818 - the name that Flask has for it
    """A redirect of the router would lose the body of a request; raised in debug mode.

    Args:
        method: Method of the request.
        url: Its URL.
        redirect: The redirect.
    """

    def __init__(self, method: str, url: str, redirect: RequestRedirect) -> None:
        super().__init__(
            f"A {method} request was sent to {url!r}, and the router redirects it to the canonical URL "
            f"{redirect.new_url!r} with status {redirect.code}, after which clients send no body. "
            f"Send it to the canonical URL at once, such as with url_for() in the form. This error is "
            "raised in debug mode only."
        )


class DebugFilesKeyError(KeyError, AssertionError):
    """A file was read from a form that has been sent without its files; raised in debug mode.

    Args:
        key: Name of the field.
        mimetype: Content type of the request.
        text: What the form has under that name: the file's name.
    """

    def __init__(self, key: str, mimetype: str, text: str) -> None:
        super().__init__(key)
        self._message = (
            f"request.files has no {key!r}, and request.form has: the browser has sent {text!r:.100}, the "
            f"name of the file, without the file, because the content type of the form is {mimetype!r}. Add "
            'enctype="multipart/form-data" to the form. This error is raised in debug mode only.'
        )

    def __str__(self) -> str:
        return self._message


class NoFiles(ImmutableMultiDict[str, FileStorage]):
    """The files of a form that was sent without the content type for files; explains a missing one.

    Args:
        mimetype: Content type of the request.
        form: The form.
    """

    def __init__(self, mimetype: str, form: Mapping[str, str]) -> None:
        super().__init__()
        self._mimetype = mimetype
        self._form = form

    def __getitem__(self, key: str) -> Any:
        if key in self._form:
            raise DebugFilesKeyError(key, self._mimetype, self._form[key])
        return super().__getitem__(key)
