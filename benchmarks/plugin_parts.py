"""The parts for the plugins of the project beside the extensions of Flask: their names, rows and limits.

The programs of the parts need these extensions; the report does not.
"""

from __future__ import annotations

PAGES, SESSIONS = "pages", "sessions"
PROTECTION, ADDED = "protection", "protection, added"

#: The headings of the parts.
TITLES = {
    PAGES: "A page from templates",
    SESSIONS: "A session in a signed cookie",
    PROTECTION: "Protected requests",
    ADDED: "What protection adds to a request",
}
#: The parts that have a chart, and the names of the files.
CHARTS = {
    PAGES: "benchmarks-pages.svg",
    SESSIONS: "benchmarks-sessions.svg",
    PROTECTION: "benchmarks-protection.svg",
}
#: The rows of the parts, and what each of them is.
ROWS = {
    PAGES: {
        "small": "a page of one line",
        "list": "a layout, and a list of 5 links",
        "linked": "as list, with two URLs built in the layout",
    },
    SESSIONS: {
        "not used": "the view ignores it",
        "read": "a number is read",
        "read, list": "as read, of a session with a list of dicts",
        "write": "a text is set",
        "write, list": "as write, of a session with a list of dicts",
        "flash": "a message is flashed",
    },
    PROTECTION: {
        "GET, CSRF": "a text",
        "form, CSRF": "a page with a form",
        "POST, CSRF": "the form is sent",
        "GET, headers": "a text, with security headers",
        "nonce, headers": "as above, and the view reads the nonce",
    },
}
#: The greatest ratio to Flask's time in every row of a part.
LIMITS = {PAGES: 0.5, SESSIONS: 0.4, PROTECTION: 0.4, ADDED: 0.4}
