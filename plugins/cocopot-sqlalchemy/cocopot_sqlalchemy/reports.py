"""What a developer sees of the queries of a request: a header, and lines of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookimpl
from cocopot_sqlalchemy.queries import repeated

if TYPE_CHECKING:
    from cocopot import Cocopot, Request, Response
    from cocopot_sqlalchemy.queries import QueryLog


class QueryReport:
    """Adds `Server-Timing` to responses, and logs queries; registered only where queries are recorded.

    Args:
        log: What records them.
    """

    plugin_name = "sqlalchemy_queries"

    def __init__(self, log: QueryLog) -> None:
        self._log = log

    @hookimpl(tryfirst=True)
    def cocopot_after_request(self, app: Cocopot, request: Request, response: Response) -> None:
        """Report the queries so far (Server Timing, https://www.w3.org/TR/server-timing/)."""
        queries = self._log.of_context()
        if not queries:
            return
        milliseconds = sum(query.duration for query in queries) * 1000
        queried = f"{len(queries)} {'query' if len(queries) == 1 else 'queries'}"
        response.headers.add("Server-Timing", f'db;desc="{queried}";dur={milliseconds:.2f}')
        for query in queries:
            app.logger.debug(
                "sqlalchemy: %.2f ms %s %r %s (%s, %s)%s",
                query.duration * 1000,
                query.engine,
                query.statement,
                query.parameters,
                query.plugin or "the application",
                query.place,
                f" failed: {query.error}" if query.error else "",
            )
        for query, count in repeated(queries, app.config["SQLALCHEMY_REPEATED_QUERIES"]):
            app.logger.warning(
                "sqlalchemy: %s %r has sent a statement %d times, probably once for each object of a list "
                "(N+1). Load what it needs with the list, as selectinload() does. First at %s, by %s: %r",
                request.method,
                request.path,
                count,
                query.place,
                query.plugin or "the application",
                query.statement,
            )
