"""Rendering, with a tiny engine and with Jinja."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from cocopot import (
    Blueprint,
    Cocopot,
    Request,
    Response,
    g,
    get_template_attribute,
    hookimpl,
    render_template,
    render_template_string,
    stream_template,
    stream_template_string,
)
from cocopot.sessions import Session
from cocopot.templating import TemplateEngine, TemplateFolder
from cocopot.testing import installed_plugin
from tests.template_engines import Braces, BracesEngine, BracesTemplate, Jinja, JinjaEnvironment, render_block

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=[Braces, Jinja])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Cocopot:
    return app_with(tmp_path, request.param())


@pytest.fixture
def jinja_app(tmp_path: Path) -> Cocopot:
    return app_with(tmp_path, Jinja())


def app_with(root: Path, *plugins: object, **files: str) -> Cocopot:
    """Return an application that has templates."""
    texts = {"page.html": "{{ bird }} of {{ place }}", "other.html": "other", **files}
    (root / "templates").mkdir(exist_ok=True)
    for name, text in texts.items():
        (root / "templates" / name).write_text(text, "utf-8")
    app = Cocopot("templates", autoload=False, plugins=plugins, root_path=str(root))
    app.testing = True
    return app


def rendered(app: Cocopot, *args: Any, **context: Any) -> str:
    with app.test_request_context("/?bird=lark"):
        return render_template(*args, **context)


class TestRendering:
    def test_names(self, app: Cocopot) -> None:
        """A template is found by its name, and its values are escaped."""
        assert rendered(app, "page.html", bird="wren", place="<here>") == "wren of &lt;here&gt;"

    def test_first_of_several(self, app: Cocopot) -> None:
        """Of several names the first one that exists is rendered."""
        assert rendered(app, ["missing.html", "other.html", "page.html"]) == "other"

    def test_string(self, app: Cocopot) -> None:
        """A template can be a text, too."""
        with app.app_context():
            assert render_template_string("a {{ bird }}", bird="<wren>") == "a &lt;wren&gt;"

    def test_template_objects(self, app: Cocopot) -> None:
        """A template that has been loaded can be rendered in place of a name, with all names."""
        app.context_processor(lambda: {"bird": "wren"})
        template = app.template_engine.get_or_select_template("page.html")
        assert rendered(app, template, place="here") == "wren of here"

    def test_in_a_view(self, app: Cocopot) -> None:
        """What a view renders is its response."""
        app.add_url_rule("/<bird>", "show", lambda bird: render_template("page.html", bird=bird, place="x"))
        response = app.test_client().get("/wren")
        assert (response.text, response.mimetype) == ("wren of x", "text/html")

    def test_missing(self, app: Cocopot) -> None:
        """The error about a missing template has the folders that were searched, with their owners."""
        with pytest.raises(LookupError) as caught:
            rendered(app, ["nowhere.html", "../page.html"])
        (note,) = caught.value.__notes__
        assert "['nowhere.html', '../page.html']" in note
        assert f"none of these folders: {Path(app.root_path, 'templates')} of the application." in note

    def test_any_iterable(self, app: Cocopot) -> None:
        """The names may be a tuple or an iterator, and are searched for as a list."""
        assert rendered(app, ("missing.html", "other.html")) == "other"
        assert rendered(app, iter(["missing.html", "other.html"])) == "other"

    @pytest.mark.parametrize("name", [None, 5, b"page.html"])
    def test_a_name_of_another_type(self, app: Cocopot, name: object) -> None:
        """It is a mistake, whatever the engine is."""
        with pytest.raises(TypeError, match="The name of a template is a string, or a list of strings, not"):
            rendered(app, name)

    @pytest.mark.parametrize("function", [render_template, render_template_string, stream_template])
    def test_outside_of_a_context(self, function: Callable[..., object]) -> None:
        """Without an application there is nothing to render with."""
        with pytest.raises(RuntimeError, match="outside of the application context"):
            function("page.html")

    def test_attributes(self, tmp_path: Path) -> None:
        """A macro of a template can be called; another name is an error with the nearest one."""
        app = app_with(tmp_path, Jinja(), m="{% macro hello(name) %}Hello {{ name }}{% endmacro %}")
        with app.app_context():
            assert get_template_attribute("m", "hello")("<wren>") == "Hello &lt;wren&gt;"
            with pytest.raises(AttributeError, match=r"'m' has no attribute 'hullo'. Did you mean 'hello'"):
                get_template_attribute("m", "hullo")

    def test_attributes_of_another_engine(self, tmp_path: Path) -> None:
        """An engine decides what its templates define."""
        app = app_with(tmp_path, Braces(), titled="#! title = Birds\ntext")
        with app.app_context():
            assert get_template_attribute("titled", "title") == "Birds"


class TestContext:
    def test_standard_names(self, app: Cocopot) -> None:
        """Request, `g`, configuration and URLs are available in every template, also outside of a request."""
        app.config["PLACE"] = "the garden"
        app.add_template_filter(lambda config: config["PLACE"], "place")
        app.add_template_filter(lambda values: values["bird"], "bird")
        app.add_template_filter(lambda value: getattr(value, "args", value), "args")
        app.add_template_filter(lambda url_for: url_for("static", filename="a.css"), "style")
        app.add_template_filter(lambda g: g.number, "number")
        with app.test_request_context("/?bird=lark"):
            g.number = 7
            assert render_template_string("{{ config|place }} {{ url_for|style }} {{ g|number }}") == (
                "the garden /static/a.css 7"
            )
            assert "lark" in render_template_string("{{ request|args }}")

    def test_the_session(self, tmp_path: Path) -> None:
        """The session and flashed messages are available, and the session is opened only by their use."""
        opened: list[object] = []

        class Sessions:
            @hookimpl
            def cocopot_open_session(self, request: Request) -> Session:
                opened.append(request.path)
                return Session({"user": "ada", "_flashes": [("message", "seen")]})

            @hookimpl
            def cocopot_save_session(self) -> bool:
                return True

        app = app_with(tmp_path, Jinja(), Sessions())
        app.add_url_rule("/plain", "plain", lambda: render_template_string("plain"))
        source = "{{ session.user }} {{ get_flashed_messages() }}"
        app.add_url_rule("/user", "user", lambda: render_template_string(source))
        client = app.test_client()
        assert [client.get(path).text for path in ("/plain", "/user")] == ["plain", "ada [&#39;seen&#39;]"]
        assert opened == ["/user"]

    def test_who_wins(self, app: Cocopot) -> None:
        """The caller wins over a blueprint's processor, that over the application's, that over globals."""
        blueprint = Blueprint("shop", __name__)
        blueprint.context_processor(lambda: {"b": "blueprint", "c": "blueprint"})
        app.context_processor(lambda: {"a": "app", "b": "app", "c": "app", "g": "my g"})
        app.template_globals.update(a="global", d="global")
        source = "{{ a }} {{ b }} {{ c }} {{ d }} {{ g }}"
        blueprint.add_url_rule("/in", "index", lambda: render_template_string(source, c="caller"))
        app.add_url_rule("/out", "index", lambda: render_template_string(source, c="caller"))
        app.register_blueprint(blueprint)
        client = app.test_client()
        assert client.get("/in").text == "app blueprint caller global my g"
        assert client.get("/out").text == "app app caller global my g"

    def test_processors_of_nested_blueprints(self, app: Cocopot) -> None:
        """An inner blueprint's processor wins over the outer one's; `app_context_processor` is for all."""
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        outer.context_processor(lambda: {"a": "outer", "b": "outer"})
        inner.context_processor(lambda: {"b": "inner"})
        inner.app_context_processor(lambda: {"c": "everywhere"})
        inner.add_url_rule("/", "index", lambda: render_template_string("{{ a }} {{ b }} {{ c }}"))
        app.add_url_rule("/app", "index", lambda: render_template_string("{{ c }}"))
        outer.register_blueprint(inner, url_prefix="/inner")
        app.register_blueprint(outer, url_prefix="/outer")
        client = app.test_client()
        assert client.get("/outer/inner/").text == "outer inner everywhere"
        assert client.get("/app").text == "everywhere"

    def test_an_error_page_of_a_blueprint(self, app: Cocopot) -> None:
        """A request that matched no rule belongs to the blueprint whose error handler renders the page."""
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        outer.context_processor(lambda: {"a": "outer", "b": "outer"})
        inner.context_processor(lambda: {"b": "inner"})
        inner.register_error_handler(404, lambda _: render_template_string("{{ a }} {{ b }}"))
        app.register_error_handler(404, lambda _: render_template_string("{{ a }}", a="app"))
        outer.register_blueprint(inner, url_prefix="/inner")
        app.register_blueprint(outer, url_prefix="/outer")
        client = app.test_client()
        assert client.get("/outer/inner/missing").text == "outer inner"
        assert client.get("/missing").text == "app"

    def test_update_template_context(self, app: Cocopot) -> None:
        """It adds what a template gets, and keeps what is there."""
        app.context_processor(lambda: {"a": 1, "b": 1})
        context: dict[str, Any] = {"b": 2}
        with app.test_request_context("/?x=1"):
            app.update_template_context(context)
            assert (context["a"], context["b"], context["request"].args["x"]) == (1, 2, "1")
            assert context.keys() == {"a", "b", "g", "request", "session"}

    def test_an_override(self, tmp_path: Path) -> None:
        """A subclass may override it, and the hook still gets the template."""
        names: list[Any] = []

        class Shop(Cocopot):
            def update_template_context(self, context: dict[str, Any]) -> None:
                super().update_template_context(context)
                context["bird"] = "from the override"

        class Plugin:
            @hookimpl
            def cocopot_template_context(self, template: Any) -> None:
                names.append(template and template.name)

        (tmp_path / "templates").mkdir()
        (tmp_path / "templates" / "page.html").write_text("{{ bird }}")
        app = Shop("shop", autoload=False, plugins=[Braces, Plugin], root_path=str(tmp_path))
        assert rendered(app, "page.html", bird="wren") == "from the override"
        with app.app_context():
            app.update_template_context({})
        assert names == ["page.html", None]

    def test_a_render_inside_a_render(self, app: Cocopot) -> None:
        """A function for templates may render a template."""
        app.add_template_filter(lambda bird: render_template_string("({{ b }})", b=bird), "inner")
        with app.test_request_context("/"):
            assert render_template_string("a {{ bird|inner }}", bird="wren") == "a (wren)"


class TestStreaming:
    def test_parts(self, app: Cocopot) -> None:
        """A stream is what rendering returns, in parts."""
        with app.test_request_context("/"):
            for stream in (
                stream_template("page.html", bird="wren", place="here"),
                stream_template_string("{{ bird }} of {{ place }}", bird="wren", place="here"),
            ):
                parts = list(stream)
                assert "".join(parts) == "wren of here"
                assert len(parts) > 1

    def test_outside_of_a_request(self, app: Cocopot) -> None:
        """An application context is enough."""
        with app.app_context():
            assert "".join(stream_template("other.html")) == "other"

    def test_the_request_lasts(self, app: Cocopot) -> None:
        """The request context is active, and not torn down, until the last part, in whichever thread."""
        seen: list[str] = []
        app.teardown_request(lambda exc: seen.append(f"teardown {exc!r}"))
        app.add_template_filter(lambda _: seen.append("rendered"), "note")
        app.add_template_filter(lambda request: request.args["bird"], "bird")
        app.add_url_rule("/", "index", lambda: stream_template_string("A {{ g|note }}{{ request|bird }}."))
        app.context_processor(lambda: seen.append("processor"))
        response = app.test_client().get("/?bird=wren")
        seen.append("response")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: response.text).result() == "A Nonewren."
        assert seen == ["processor", "response", "rendered", "teardown None"]

    def test_an_error(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """It is logged with the template and its owner, and the teardown functions get it."""
        app = app_with(tmp_path, Jinja(), broken="a{{ 1 // zero }}")
        app.testing = False
        seen: list[Any] = []
        app.teardown_request(seen.append)
        app.add_url_rule("/", "index", lambda: stream_template("broken", zero=0))
        response = app.test_client().get("/")
        with pytest.raises(ZeroDivisionError) as caught:
            response.get_data()
        template = f"the template 'broken' of the application, {tmp_path / 'templates' / 'broken'}"
        assert caught.value.__notes__ == [f"While streaming {template}."]
        assert [record.getMessage() for record in caplog.records] == [f"Exception while streaming {template}"]
        assert seen == [caught.value]

    def test_a_client_that_is_gone(self, jinja_app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """A stream that is not read to its end ends the request without an error."""
        seen: list[Any] = []
        jinja_app.teardown_request(seen.append)
        jinja_app.add_url_rule("/", "index", lambda: stream_template("page.html"))
        response = jinja_app.test_client().get("/")
        response.close()
        assert (seen, caplog.records) == ([None], [])

    def test_a_missing_template(self, app: Cocopot) -> None:
        """It raises in the view, so that the response is that of an error handler."""
        app.register_error_handler(LookupError, lambda error: ("missing", 500))
        app.add_url_rule("/", "index", lambda: Response(stream_template("nowhere.html")))
        assert app.test_client().get("/").text == "missing"


class TestErrors:
    def test_an_error_of_a_template(self, tmp_path: Path) -> None:
        """It is noted which template raised, in which file, and whose it is."""
        app = app_with(tmp_path, Jinja(), page="{{ bird.name.first }}")
        with pytest.raises(UndefinedError) as caught:
            rendered(app, "page", bird="wren")
        assert caught.value.__notes__ == [
            f"While rendering the template 'page' of the application, {tmp_path / 'templates' / 'page'}."
        ]

    def test_a_template_of_a_plugin(self, tmp_path: Path) -> None:
        """The plugin, and its distribution, is named whose template raised."""
        source = (
            "from cocopot import hookimpl\n"
            "@hookimpl\n"
            "def cocopot_setup(app):\n"
            "    app.add_template_folder('pages')\n"
        )
        with installed_plugin("admin", source, distribution="office", version="2.0") as admin:
            (admin.path / "pages").mkdir()
            (admin.path / "pages" / "users.html").write_text("{{ users.first.name }}")
            app = Cocopot("x", autoload={"admin"}, plugins=[Jinja], root_path=str(tmp_path))
            with pytest.raises(UndefinedError) as caught:
                rendered(app, "users.html", users=[])
        file = admin.path / "pages" / "users.html"
        assert caught.value.__notes__ == [
            f"While rendering the template 'users.html' of plugin 'admin' (office 2.0), {file}."
        ]

    def test_an_error_of_a_string(self, app: Cocopot) -> None:
        """A template without a name has no file."""

        def fail(_: object) -> None:
            raise ValueError("broken")

        app.add_template_filter(fail)
        with app.app_context(), pytest.raises(ValueError, match="broken") as caught:
            render_template_string("{{ g|fail }}")
        assert caught.value.__notes__ == ["While rendering a template from a string."]

    def test_a_syntax_error(self, tmp_path: Path) -> None:
        """A template that cannot be loaded is named likewise."""
        app = app_with(tmp_path, Jinja(), broken="{% if %}")
        with pytest.raises(Exception, match="Expected an expression") as caught:
            rendered(app, "broken")
        assert "While loading the template 'broken' of the application," in caught.value.__notes__[0]


class TestProtocol:
    @pytest.mark.parametrize("kind", [BracesEngine, JinjaEnvironment])
    def test_engines(self, kind: Callable[[Cocopot], object]) -> None:
        """Both engines, of which one is an environment of Jinja, are engines without a base class."""
        assert isinstance(kind(Cocopot("shop", autoload=False)), TemplateEngine)
        assert not isinstance(object(), TemplateEngine)

    def test_what_is_registered_after_the_engine(self, app: Cocopot) -> None:
        """Filters, tests and globals work that are registered when the engine exists."""
        assert app.template_engine is not None
        app.add_template_filter(str.upper, "loud")
        app.add_template_global("garden", "place")
        with app.app_context():
            assert render_template_string("{{ bird|loud }} {{ place }}", bird="wren") == "WREN garden"

    def test_filters_tests_and_globals(self, jinja_app: Cocopot) -> None:
        """Jinja uses all three, and also what is set in its environment."""
        jinja_app.template_test("rare")(lambda bird: bird == "dodo")
        jinja_app.template_global("add")(lambda a, b: a + b)
        jinja_app.template_engine.filters["twice"] = lambda text: text * 2  # type: ignore[attr-defined]
        with jinja_app.app_context():
            assert render_template_string("{{ 'dodo' is rare }} {{ add(1, 2) }} {{ 'a'|twice }}") == (
                "True 3 aa"
            )
        assert "twice" in jinja_app.template_filters

    def test_autoescape(self, tmp_path: Path) -> None:
        """The engine decides by the name of a template whether it escapes."""
        app = app_with(tmp_path, Jinja(), **{"a.txt": "{{ bird }}", "a.html": "{{ bird }}"})
        assert [rendered(app, name, bird="<") for name in ("a.txt", "a.html")] == ["<", "&lt;"]

    def test_reload(self, tmp_path: Path) -> None:
        """A changed file is loaded again in debug mode."""
        app = app_with(tmp_path, Jinja())
        app.debug = True
        assert rendered(app, "other.html") == "other"
        (tmp_path / "templates" / "other.html").write_text("changed")
        assert rendered(app, "other.html") == "changed"

    def test_globals_in_macros(self, tmp_path: Path) -> None:
        """What every template has is available in an imported one, which has no context."""
        source = "{% macro style() %}{{ url_for('static', filename='a.css') }}{% endmacro %}"
        app = app_with(tmp_path, Jinja(), m=source, page="{% from 'm' import style %}{{ style() }}")
        assert rendered(app, "page") == "/static/a.css"

    def test_blocks(self, tmp_path: Path) -> None:
        """A block of a template is rendered as a template, with context processors and hooks."""
        seen: list[Any] = []

        class Plugin:
            @hookimpl
            def cocopot_template_rendered(self, template: Any, context: Any) -> None:
                seen.append((template.name, context["bird"]))

        source = "head {% block rows %}{{ bird }} {{ place }}{% endblock %} foot"
        app = app_with(tmp_path, Jinja(), Plugin(), page=source)
        app.context_processor(lambda: {"bird": "<wren>"})
        with app.test_request_context("/"):
            assert render_block(app, "page", "rows", place="here") == "&lt;wren&gt; here"
        assert seen == [("page", "<wren>")]

    def test_inheritance_across_owners(self, tmp_path: Path) -> None:
        """A template of one owner extends one of another."""
        (tmp_path / "base").mkdir()
        (tmp_path / "base" / "base.html").write_text("<{% block main %}{% endblock %}>")
        app = app_with(tmp_path, Jinja(), page="{% extends 'base.html' %}{% block main %}x{% endblock %}")
        app.add_template_folder("base")
        assert rendered(app, "page") == "<x>"

    def test_not_found_is_the_engines(self, jinja_app: Cocopot) -> None:
        """An engine's own exception reaches the caller."""
        with pytest.raises(TemplateNotFound):
            rendered(jinja_app, "nowhere.html")


class Wrong:
    """An engine whose methods, and those of its templates, return one value."""

    name, module = "page.html", None

    def __init__(self, value: Any) -> None:
        self.value = value

    @hookimpl
    def cocopot_template_engine(self) -> Any:
        return self

    def get_or_select_template(self, name: Any, /) -> Any:
        return self.value if self.value == "text" else self

    from_string = get_or_select_template

    def render(self, context: Any, /) -> Any:
        return self.value

    generate = render


@pytest.mark.parametrize(
    ("value", "template", "messages"),
    [
        (None, "page.html", ("render() of", "returned None, and must have returned a str.")),
        (b"x", "page.html", ("render() of", "returned b'x', and must have returned a str.")),
        (
            "text",
            "page.html",
            ("get_or_select_template() of", "returned 'text', and must have"),
        ),
    ],
)
def test_an_engine_that_returns_something_else(
    value: Any, template: str, messages: tuple[str, str], tmp_path: Path
) -> None:
    """The engine and its plugin are blamed, and not the view that has returned what was rendered."""
    app = app_with(tmp_path, Wrong(value))
    with pytest.raises(TypeError) as caught:
        rendered(app, template)
    start, end = messages
    assert str(caught.value).startswith(f"{start} the template engine tests.test_templating.Wrong {end}")
    assert str(caught.value).endswith(" Engines are returned by: tests.test_templating.Wrong.")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "returned None, and must have returned an iterator of str"),
        (["a", 5], "yielded 5, and must"),
    ],
)
def test_an_engine_that_streams_something_else(value: Any, message: str, tmp_path: Path) -> None:
    """The parts of a stream are checked as they are produced."""
    app = app_with(tmp_path, Wrong(value))
    with app.app_context(), pytest.raises(TypeError, match=re.escape(message)):
        list(stream_template("page.html"))


def test_a_template_folder(tmp_path: Path) -> None:
    """It has the files inside it, and nothing else."""
    (tmp_path / "t" / "sub").mkdir(parents=True)
    (tmp_path / "t" / "sub" / "a.html").write_text("a")
    (tmp_path / "b.html").write_text("b")
    folder = TemplateFolder(str(tmp_path / "t"), "admin.users", "admin", "cocopot-admin", "1.0")
    assert folder.find("sub/a.html") == str(tmp_path / "t" / "sub" / "a.html")
    assert [folder.find(name) for name in ("../b.html", "sub", "", "/etc/passwd", "a\0b")] == [None] * 5
    assert folder.owner == "blueprint 'admin.users' of plugin 'admin' (cocopot-admin 1.0)"


def test_templates_of_the_tiny_engine() -> None:
    """The tiny engine has no more than the tests need."""
    app = Cocopot("shop", autoload=False)
    assert "".join(BracesTemplate(app, "{{ a }}b", None).generate({"a": "&"})) == "&amp;b"
