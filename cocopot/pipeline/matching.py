"""Checks of a URL that the router does not make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound

from cocopot.hosts import UNMATCHED_TRUSTED_HOSTS

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.routing import Rule
    from cocopot.types import WSGIEnvironment


def check_case(request: Request, sent: str, method: str, rule: Rule) -> None:
    """Raise if a rule matched only because the method was converted to upper case (RFC 9110, 9.1).

    Args:
        request: The request.
        sent: The method as the client sent it.
        method: The method that was matched.
        rule: The rule that matched it.

    Raises:
        MethodNotAllowed: If it is that method in another case.
    """
    if sent.upper() == method and rule.methods is not None:
        request.view_args = None
        raise MethodNotAllowed(sorted(rule.methods))


def match_with_adapter(app: Cocopot, request: Request) -> tuple[Rule, dict[str, object]]:
    """Return the rule of a request, and the values of the URL, by the adapter that a subclass has created.

    Args:
        app: The application, which overrides `create_url_adapter`.
        request: The request.

    Raises:
        NotFound: There is no adapter.
        HTTPException: No rule matches, or the request is redirected.
    """
    request.host  # noqa: B018 - raises for a host that is not valid or not trusted
    adapter = app.create_url_adapter(request)
    if adapter is None:
        raise NotFound
    rule, values = adapter.match(return_rule=True)
    return rule, dict(values)  # type: ignore[return-value]  # a rule of the application


def check_utf8(environ: WSGIEnvironment) -> None:
    """Raise if the path of a URL is not UTF-8.

    Args:
        environ: The WSGI environment.

    Raises:
        BadRequest: If it is not.
    """
    for key in ("SCRIPT_NAME", "PATH_INFO"):
        if not _is_utf8(environ.get(key, "").encode("latin-1")):
            raise BadRequest("The path of the URL is not valid UTF-8.")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def routing_error(
    request: Request, environ: WSGIEnvironment, exc: HTTPException | UnicodeEncodeError
) -> HTTPException:
    """Return the exception for a URL that could not be matched.

    Args:
        request: The request; its host may not have been checked yet.
        environ: The WSGI environment.
        exc: What matching has raised.

    Raises:
        UnicodeEncodeError: `exc`, if it is not about the URL: a server passes strings in Latin-1 (PEP 3333).
    """
    try:
        if (trusted_hosts := request.trusted_hosts) is not None:
            environ[UNMATCHED_TRUSTED_HOSTS] = trusted_hosts
        if isinstance(exc, HTTPException):
            BaseException.with_traceback(exc, None)  # not a method that its class overrides
            return exc
        url = (environ.get(key, "") for key in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"))
        if all(char <= "\xff" for part in url for char in part):
            raise exc
        return BadRequest("The URL of the request is not Latin-1.")
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame
