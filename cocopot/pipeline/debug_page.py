"""The page of debug mode for a request that no rule matches: why each rule does not match it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from cocopot.escapes import printable
from cocopot.explanations import explanation_of, reason_for_miss

if TYPE_CHECKING:
    from werkzeug.routing import Rule

    from cocopot.app import Cocopot
    from cocopot.exceptions import HTTPException
    from cocopot.request import Request
    from cocopot.response import Response

#: How many rules the page has, those that are most similar to the path.
MAX_RULES = 50
_HEADINGS = ("Rule", "Endpoint", "Reason")
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; overflow-wrap: anywhere }}
table {{ border-collapse: collapse }}
td, th {{ border-bottom: 1px solid #8886; padding: .25rem 1rem .25rem 0; text-align: left }}
</style>
<h1>{title}</h1>
<p>{subject}</p>
<table>
<tr>{headings}</tr>
{rows}
</table>
<p>{note}</p>
</html>
"""


def explain_missing_route(app: Cocopot, request: Request, error: HTTPException) -> Response:
    """Return a response that lists the rules with their reasons: HTML for a browser, and text otherwise.

    Args:
        app: The application.
        request: The request.
        error: The error of the router, a 404 or a 405.
    """
    subject = f"{request.method} {printable(request.path)} on {printable(request.host)} matches no rule."
    allowed = sorted(getattr(error, "valid_methods", None) or ())
    if allowed:
        subject += f" Allowed methods: {', '.join(allowed)}."
    rules = sorted(app.router.iter_rules(), key=lambda rule: _similarity(rule, request.path), reverse=True)
    if not rules:
        subject += " The application has no rules."
    result = explanation_of(request)
    rows = [
        (rule.rule, str(rule.endpoint), printable(reason_for_miss(app, rule, request, result)))
        for rule in rules[:MAX_RULES]
    ]
    more = len(rules) - len(rows)
    note = f"{more} more rules are not shown: `cocopot routes --match` shows all. " if more else ""
    note += "This page is shown because DEBUG is on."
    title = f"{error.code} {error.name}"
    is_html = request.accept_mimetypes["text/html"] > request.accept_mimetypes["text/plain"]
    body = (_as_html if is_html else _as_text)(title, subject, rows, note)
    response = app.response_class(body, error.code, mimetype="text/html" if is_html else "text/plain")
    if allowed:
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _similarity(rule: Rule, path: str) -> int:
    """Return how many characters at the beginning of a rule and a path are the same."""
    pairs = zip(rule.rule, path, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(rule.rule), len(path)))


def _as_html(title: str, subject: str, rows: list[tuple[str, str, str]], note: str) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)

    return _PAGE.format(
        title=escape(title),
        subject=escape(subject),
        headings=row(_HEADINGS, "th"),
        rows="\n".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows),
        note=escape(note),
    )


def _as_text(title: str, subject: str, rows: list[tuple[str, str, str]], note: str) -> str:
    table = [_HEADINGS, *rows]
    widths = [max(len(cells[column]) for cells in table) for column in range(2)]
    lines = [f"{rule:{widths[0]}}  {endpoint:{widths[1]}}  {reason}" for rule, endpoint, reason in table]
    return "\n".join([title, subject, "", *lines, "", note, ""])
