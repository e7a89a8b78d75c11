"""The same templates, in Flask and in Cocopot: the responses are equal, and so are the attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cocopot_jinja
import flask
import jinja2
import pytest

import cocopot
from cocopot.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {
    "base.html": "<h1>{% block title %}{{ config.BIRD }}{% endblock %}</h1>{% block body %}{% endblock %}",
    "page.html": (
        '{% extends "base.html" %}{% from "macros.html" import row with context %}'
        "{% block body %}{{ super() }}{% for bird in birds %}{{ row(bird, loop.index) }}{% endfor %}"
        '{% include "foot.html" %}{% include "none.html" ignore missing %}{% endblock %}'
    ),
    "macros.html": (
        "{% macro row(bird, n) %}<li id=\"{{ n }}\" title='{{ bird|tojson }}'>{{ bird }} {{ request.path }}"
        "{% endmacro %}"
    ),
    "foot.html": '<a href="{{ url_for("static", filename="a b.css") }}">{{ g.user }}</a>{{ user|loud }}',
    "mail.txt": "{{ birds|length }} birds",
    "autoescape.html": "{{ x }}{% autoescape false %}{{ x }}{% endautoescape %}{{ x|safe }}{{ x|e }}",
    "flash.html": "{% for c, m in get_flashed_messages(true) %}{{ c }}: {{ m }};{% endfor %}",
    "tests.html": "{{ 'wren' is bird }}{{ now() }}{{ [3, 1]|sort|join(',') }}{{ session.get('x') }}",
    "data.html": (
        "<script>{{ data|tojson }}</script>"
        "<a data-x='{{ data|tojson }}' data-y=\"{{ data|tojson|forceescape }}\">"
    ),
}


class Memory:
    """An empty session for each request."""

    @cocopot.hookimpl
    def cocopot_open_session(self) -> Session:
        return Session()

    @cocopot.hookimpl
    def cocopot_save_session(self) -> bool:
        return True


def make_flask(root: Path) -> Any:
    app = flask.Flask("birds", root_path=str(root))
    app.secret_key = "wren"
    return app


def make_cocopot(root: Path) -> Any:
    return cocopot.Cocopot(
        "birds", root_path=str(root), autoload=False, plugins=[cocopot_jinja.Jinja, Memory]
    )


def both(root: Path) -> list[tuple[Any, Any]]:
    """Return both frameworks, each with an application that has the same templates and functions."""
    (root / "templates").mkdir()
    for name, text in FILES.items():
        (root / "templates" / name).write_text(text)
    return [(flask, make_flask(root)), (cocopot, make_cocopot(root))]


def responses(root: Path, view: Callable[[Any], object], set_up: Callable[[Any, Any], object]) -> list[Any]:
    found = []
    for module, app in both(root):
        app.config["BIRD"] = "<wren>"
        set_up(module, app)
        app.add_url_rule("/birds", "birds", lambda module=module: view(module))
        response = app.test_client().get("/birds")
        found.append((response.status_code, response.content_type, response.text))
    return found


def set_up(module: Any, app: Any) -> None:
    app.template_filter("loud")(lambda text: f"{text}!")
    app.template_test()(is_bird)
    app.add_template_test(is_bird, "bird")
    app.template_global()(now)
    app.context_processor(lambda: {"user": "ada", "birds": "hidden"})

    def load_user() -> None:
        module.g.user = "<ada>"

    app.before_request(load_user)


def is_bird(name: str) -> bool:
    return name == "wren"


def now() -> str:
    return "now"


VIEWS: dict[str, Callable[[Any], object]] = {
    "inheritance": lambda module: module.render_template("page.html", birds=["<a>", "b'\"&"]),
    "first of several": lambda module: module.render_template(["none.html", "page.html"], birds=[]),
    "text": lambda module: module.render_template("mail.txt", birds=[1]),
    "autoescape": lambda module: module.render_template("autoescape.html", x="<x>"),
    "from a string": lambda module: module.render_template_string("{{ x }}{{ user }}", x="<x>"),
    "filters and tests": lambda module: module.render_template("tests.html"),
    "stream": lambda module: module.stream_template("page.html", birds=["<a>"]),
    "stream of a string": lambda module: module.stream_template_string("{{ request.path }}{{ x }}", x="<"),
    "macro": lambda module: module.get_template_attribute("macros.html", "row")("<wren>", 1),
    "data": lambda module: module.render_template(
        "data.html", data={"b": "</script>", "a": ["'", '"', "&", None, 1.5, "é"]}
    ),
    "flash": lambda module: module.flash("<m>", "error") or module.render_template("flash.html"),
}


@pytest.mark.parametrize("name", VIEWS)
def test_responses(tmp_path: Path, name: str) -> None:
    """Status, content type and text are the same."""
    of_flask, of_cocopot = responses(tmp_path, VIEWS[name], set_up)
    assert of_flask == of_cocopot
    assert of_flask[0] == 200


@pytest.mark.parametrize("name", ["", "page.html", "a.htm", "a.xml", "a.xhtml", "a.svg", "a.txt", None])
def test_escaping(tmp_path: Path, name: str | None) -> None:
    """What Flask escapes is escaped, and a text is not; other names are escaped here alone."""
    (_, theirs), (_, ours) = both(tmp_path)
    if theirs.select_jinja_autoescape(name) or name == "a.txt":
        assert ours.select_jinja_autoescape(name) == theirs.select_jinja_autoescape(name)
    else:
        assert ours.select_jinja_autoescape(name)


@pytest.mark.parametrize("name", ["none.html", "../app.py", ""])
def test_missing(tmp_path: Path, name: str) -> None:
    """A missing template is the same exception."""
    for module, app in both(tmp_path):
        with app.test_request_context("/"), pytest.raises(jinja2.TemplateNotFound):
            module.render_template(name)


def test_missing_of_several(tmp_path: Path) -> None:
    """Several missing templates are the same exception, with all names."""
    for module, app in both(tmp_path):
        with app.test_request_context("/"), pytest.raises(jinja2.TemplatesNotFound) as caught:
            module.render_template(["a", "b"])
        assert caught.value.templates == ["a", "b"]


def test_globals(tmp_path: Path) -> None:
    """Every global, filter, test and policy of Flask's environment is there."""
    (_, theirs), (_, ours) = both(tmp_path)
    for table in ("globals", "filters", "tests", "policies"):
        assert set(getattr(theirs.jinja_env, table)) <= set(getattr(ours.jinja_env, table)), table
    assert theirs.jinja_env.extensions.keys() == ours.jinja_env.extensions.keys()


def test_attributes(tmp_path: Path) -> None:
    """The application has every public attribute of Flask's whose name has `jinja` in it."""
    (_, theirs), (_, ours) = both(tmp_path)
    names = [name for name in dir(theirs) if "jinja" in name and not name.startswith("_")]
    assert len(names) == 7
    for name in names:
        assert type(getattr(ours, name)) is type(getattr(theirs, name)) or hasattr(ours, name)


def test_blueprints(tmp_path: Path) -> None:
    """The application's template wins over a blueprint's, and the first blueprint over the second."""
    texts = []
    for folder, name in (("one", "own.html"), ("one", "mail.txt"), ("two", "own.html"), ("two", "last.html")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(f"{folder} {name}")
    for module, app in both(tmp_path):
        for folder in ("one", "two"):
            blueprint = module.Blueprint(folder, __name__, template_folder=str(tmp_path / folder))
            app.register_blueprint(blueprint)
        with app.test_request_context("/"):
            names = ("own.html", "mail.txt", "last.html")
            texts.append([module.render_template(name, birds=[]) for name in names])
    assert texts[0] == texts[1] == ["one own.html", "0 birds", "two last.html"]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("value", [None, False, True])
def test_auto_reload(tmp_path: Path, debug: bool, value: bool | None) -> None:
    """TEMPLATES_AUTO_RELOAD and DEBUG have the same effect."""
    found = []
    for _, app in both(tmp_path):
        app.config.update(DEBUG=debug, TEMPLATES_AUTO_RELOAD=value)
        found.append(app.jinja_env.auto_reload)
    assert found[0] is found[1]


def test_options(tmp_path: Path) -> None:
    """`jinja_options` of a class, and additions to the environment, have the same effect."""
    texts = []
    for module, app in both(tmp_path):
        app.jinja_options = {
            "trim_blocks": True,
            "extensions": ["jinja2.ext.do"],
            "undefined": jinja2.Undefined,
        }
        app.jinja_env.filters["twice"] = lambda text: text * 2
        app.jinja_env.globals["where"] = "environment"
        source = "{% if 1 %}\n{% do [].append(1) %}\n{{ where|twice }}{{ nothing }}\n{% endif %}"
        with app.app_context():
            texts.append(module.render_template_string(source))
    assert texts[0] == texts[1] == "environmentenvironment\n"


def test_context(tmp_path: Path) -> None:
    """Passed names, context processors of blueprint and application, and globals, in the same order."""
    texts = []
    for module, app in both(tmp_path):
        blueprint = module.Blueprint("admin", __name__)
        blueprint.context_processor(lambda: {"a": "bp", "b": "bp", "c": "bp"})
        app.context_processor(lambda: {"a": "app", "b": "app", "d": "app", "request": "app"})
        app.jinja_env.globals.update(a="g", d="g", e="g")
        source = "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }}"
        blueprint.add_url_rule("/", "i", lambda m=module, s=source: m.render_template_string(s, a="view"))
        app.register_blueprint(blueprint)
        texts.append(app.test_client().get("/").text)
    assert texts[0] == texts[1] == "view bp bp app g"
