"""A page from templates: cocopot-jinja beside Flask and beside Jinja alone, in one process.

The rows take turns in short rounds, so that a busy machine slows all of them down alike. A value is the
minimum of a row, in the thread's time.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cocopot_jinja
import flask
import jinja2
from plugin_parts import PAGES, ROWS
from results import Sample
from settings import Settings, print_samples
from turns import minima, sender
from workloads import Workload

import cocopot

if TYPE_CHECKING:
    from collections.abc import Callable

_REQUEST = Workload("page", "a page", ("/",))
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
        "cocopot": sender(app, _REQUEST),
        "flask": sender(peer, _REQUEST),
        "jinja": lambda: environment.get_template(f"{name}.html").render(_CONTEXT).encode(),
    }


def measure(settings: Settings) -> list[Sample]:
    """Time each page, once all of them are known to be the same."""
    samples = []
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "templates")
        folder.mkdir()
        for name, text in _FILES.items():
            folder.joinpath(name).write_text(text)
        for name in ROWS[PAGES]:
            rows = _rows(root, name)
            assert len({row() for row in rows.values()}) == 1, "the pages differ"
            best = minima(rows, settings.effort)
            samples += [Sample(PAGES, name, peer, "µs", value) for peer, value in best.items()]
    return samples


if __name__ == "__main__":
    print_samples(measure)
