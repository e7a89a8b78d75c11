"""A page from templates: cocopot-jinja beside Flask and beside Jinja alone, in one process.

Run it with `.venv/bin/python benchmarks/pages.py`. The rows take turns in short rounds, so that a busy
machine slows all of them down alike. It prints the minimum of each row in microseconds of the thread's time.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cocopot_jinja
import flask
import jinja2
from workloads import Workload

import cocopot

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS, _REQUESTS = 60, 100
_REQUEST = Workload("page", "a page", ("/",))
_ENVIRON = _REQUEST.environs()[0]
_LAYOUT = """<!doctype html><title>{% block title %}Notes{% endblock %}</title>
<link rel="stylesheet" href="STYLE"><nav><a href="HOME">Home</a></nav>{% block body %}{% endblock %}"""
_LIST = """{% extends "LAYOUT" %}{% block title %}{{ title }}{% endblock %}
{% block body %}<h1>{{ title }}</h1><ul>
{% for note in notes %}<li><a href="/notes/{{ note.id }}">{{ note.title }}</a>{% endfor %}
</ul>{% endblock %}"""
_FILES = {
    "urls.html": _LAYOUT.replace("STYLE", "{{ url_for('static', filename='a.css') }}").replace(
        "HOME", "{{ url_for('small') }}"
    ),
    "plain.html": _LAYOUT.replace("STYLE", "/static/a.css").replace("HOME", "/small"),
    "list.html": _LIST.replace("LAYOUT", "plain.html"),
    "linked.html": _LIST.replace("LAYOUT", "urls.html"),
    "small.html": "<!doctype html><title>{{ title }}</title><h1>Hello, {{ title }}!</h1>",
}
_CONTEXT = {"title": "Notes & more", "notes": [{"id": n, "title": f"Note <{n}>"} for n in range(5)]}


def _rows(root: str, name: str) -> dict[str, Callable[[], bytes]]:
    """Return what is timed for one page."""
    app = cocopot.Cocopot("bench", root_path=root, autoload=False, plugins=[cocopot_jinja.Jinja])
    peer = flask.Flask("bench", root_path=root)
    for module, target in ((cocopot, app), (flask, peer)):
        template = f"{name}.html"
        target.add_url_rule("/", "page", lambda m=module, t=template: m.render_template(t, **_CONTEXT))
        target.add_url_rule("/small", "small", lambda: "")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(f"{root}/templates"), autoescape=True)
    environment.auto_reload = False
    environment.globals["url_for"] = lambda endpoint, **_: (
        "/small" if endpoint == "small" else "/static/a.css"
    )
    return {
        "cocopot": lambda: _get(app),
        "flask": lambda: _get(peer),
        "jinja": lambda: environment.get_template(f"{name}.html").render(_CONTEXT).encode(),
    }


def _get(app: Any) -> bytes:
    environ = _REQUEST.fresh(_ENVIRON)
    body = app(environ, lambda _status, _headers, _exc=None: None)
    text = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return text


def _time(rows: dict[str, Callable[[], bytes]]) -> dict[str, float]:
    """Return the minimum of each row, in microseconds."""
    assert len({row() for row in rows.values()}) == 1, "the pages differ"
    best = dict.fromkeys(rows, float("inf"))
    for _ in range(_ROUNDS):
        for name, row in rows.items():
            begin = time.thread_time_ns()
            for _ in range(_REQUESTS):
                row()
            best[name] = min(best[name], (time.thread_time_ns() - begin) / _REQUESTS / 1000)
    return best


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "templates")
        folder.mkdir()
        for name, text in _FILES.items():
            folder.joinpath(name).write_text(text)
        print(f"{'page':8}{'cocopot':>9}{'flask':>9}{'jinja':>9}{'of flask':>10}{'above jinja':>13}")
        for name in ("small", "list", "linked"):
            best = _time(_rows(root, name))
            of_flask, above = best["cocopot"] / best["flask"], best["cocopot"] - best["jinja"]
            numbers = "".join(f"{best[row]:9.1f}" for row in best)
            print(f"{name:8}{numbers}{of_flask:10.2f}{above:10.1f} us")


if __name__ == "__main__":
    main()
