"""The commit policy "response": a transaction is committed before its response is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookimpl
from cocopot_sqlalchemy.sessions import USED, used_scope

if TYPE_CHECKING:
    from collections.abc import Generator

    from cocopot import Cocopot, Config, Request, Response


def commits_response(config: Config, request: Request) -> bool:
    """Return whether the transaction of a request is committed before its response is sent.

    Args:
        config: The configuration of the application.
        request: The request.
    """
    rule = request.url_rule
    option: bool | None = None if rule is None else rule.options["commit"]
    if option is None:
        return bool(config["SQLALCHEMY_COMMIT"] == "response")
    return option


def is_needed(app: Cocopot) -> bool:
    """Return whether any response of an application commits."""
    is_default = app.config["SQLALCHEMY_COMMIT"] == "response"
    return is_default or any(rule.options["commit"] for rule in app.url_map.iter_rules())  # type: ignore[attr-defined]  # Cocopot's rules


class CommitBeforeResponse:
    """Commits before responses are sent; registered only if the application or a route has that policy."""

    plugin_name = "sqlalchemy_commit"

    @hookimpl(wrapper=True, tryfirst=True)
    def cocopot_after_request(self, request: Request) -> Generator[None, Response, Response]:
        """Commit if the final response is below 400, and roll back otherwise.

        An exception of the commit goes to the error handling, before anything has been sent.
        """
        response = yield
        scope = used_scope() if USED in request.environ else None
        if scope is None or scope.session is None or not scope.database.commits_response(request):
            return response
        if response.status_code >= 400:
            scope.session.rollback()
        elif scope.database.transactions.is_needed(scope.session):
            scope.session.commit()
        if response.is_streamed:
            scope.release()
        return response
