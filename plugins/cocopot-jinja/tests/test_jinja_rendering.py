"""Rendering: names, escaping, JSON, streams, and what is registered late."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
from cocopot_jinja import Environment, environment_of, render_block, render_markup
from markupsafe import Markup

from cocopot import (
    Cocopot,
    Response,
    after_this_request,
    flash,
    get_template_attribute,
    hookimpl,
    render_template,
    render_template_string,
    stream_template,
    stream_template_string,
)
from cocopot.json import DefaultJSONProvider
from cocopot.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Template

    MakeApp = Callable[..., Cocopot]


class Sessions:
    """Keeps one session in memory, and sets a cookie when it is saved."""

    plugin_name = "sessions"

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}

    @hookimpl
    def cocopot_open_session(self) -> Session:
        return Session(self.stored)

    @hookimpl
    def cocopot_save_session(self, session: Session, response: Response) -> bool:
        if session.modified:
            self.stored = dict(session)
            response.set_cookie("session", "saved")
        return True


def test_standard_names(make_app: MakeApp) -> None:
    """Request, session, `g`, configuration, URLs and flashed messages are there, also in imported macros."""
    macros = (
        "{% macro all() %}{{ request.path }} {{ config.BIRD }} {{ g.n }} {{ session.user }} {% endmacro %}"
    )
    page = (
        '{% import "macros.html" as macros %}{{ macros.all() }}'
        '{{ url_for("static", filename="a.css") }} {{ get_flashed_messages() }}'
    )
    app = make_app({"macros.html": macros, "page.html": page}, Sessions())
    app.config["BIRD"] = "wren"

    @app.get("/page")
    def show() -> str:
        from cocopot import g, session

        g.n, session["user"] = 7, "ada"
        flash("Saved.")
        return render_template("page.html")

    assert app.test_client().get("/page").text == "/page wren 7 ada /static/a.css [&#39;Saved.&#39;]"


@pytest.mark.parametrize(
    ("name", "is_escaped"),
    [("page.html", True), ("page", True), ("page.svg", True), ("page.md", True), ("mail.txt", False)],
)
def test_escaping(make_app: MakeApp, name: str, is_escaped: bool) -> None:
    """Values are escaped in every template, unless its name ends with `.txt`."""
    app = make_app({name: "{{ bird }}"})
    with app.app_context():
        assert render_template(name, bird="<wren>") == ("&lt;wren&gt;" if is_escaped else "<wren>")
        assert render_template_string("{{ bird }}", bird="<wren>") == "&lt;wren&gt;"


def test_json_is_safe_in_html(make_app: MakeApp) -> None:
    """`tojson` uses the application's provider, and cannot end a script or an attribute."""
    app = make_app()
    hostile = {"b": "</script><!--'&", "a": [1, None]}
    with app.app_context():
        text = render_template_string("{{ value|tojson }}", value=hostile)
        assert json.loads(text) == hostile
        assert not set("<>&'") & set(text)
        assert render_template_string("{{ [1]|tojson(indent=2) }}") == "[\n  1\n]"


def test_json_of_another_provider(make_app: MakeApp) -> None:
    """A provider that is assigned after the environment has been made is used, without options of Jinja."""

    class Provider(DefaultJSONProvider):
        def dumps(self, obj: Any, **kwargs: Any) -> str:
            return f'"{obj} {kwargs}<"'

    app = make_app()
    assert environment_of(app) is app.template_engine
    app.json = Provider(app)
    with app.app_context():
        assert render_template_string("{{ 1|tojson }}") == '"1 {}\\u003c"'


def test_late_registrations(make_app: MakeApp) -> None:
    """What is registered after the environment has been made is there, and replaces what Jinja has."""
    app = make_app()
    environment = environment_of(app)
    with app.app_context():
        render_template_string("")
        app.add_template_filter(lambda text: f"{text}!", "upper")
        app.add_template_test(lambda value: value == "wren", "bird")
        app.add_template_global(5, "five")
        environment.globals["six"] = 6
        source = "{{ 'a'|upper }} {{ 'wren' is bird }} {{ five }} {{ six }} {{ 'A'|lower }}"
        assert render_template_string(source) == "a! True 5 6 a"


def test_what_is_set_on_the_environment_is_kept(make_app: MakeApp) -> None:
    """The environment is the last word: a name that was set there is not replaced by the application's."""
    app = make_app()
    app.add_template_filter(lambda _: "application", "where")
    environment_of(app).filters["where"] = lambda _: "environment"
    app.add_url_rule("/", "index", lambda: render_template_string("{{ 1|where }}"))
    assert app.test_client().get("/").text == "environment"


def test_names_at_startup(make_app: MakeApp) -> None:
    """A plugin whose startup hook runs later may still register a name."""

    class Late:
        plugin_name = "zzz"

        @hookimpl
        def cocopot_startup(self, app: Cocopot) -> None:
            app.add_template_global("late", "when")

    app = make_app({}, Late())
    app.add_url_rule("/", "index", lambda: render_template_string("{{ when }}"))
    assert app.test_client().get("/").text == "late"


def test_contexts(make_app: MakeApp) -> None:
    """The names of passed values, of a template, and of the environment are found as Jinja itself does."""
    files = {
        "page.html": "{{ a }}{{ b }}{{ c }}",
        "outer.html": "{% include 'page.html' %}{% set c = 6 %}{% include 'page.html' %}",
        "inner.html": "{% for c in 'xy' %}{% include 'page.html' %}{% endfor %}",
        "m.html": "{% macro m() %}{{ a }}{{ b }}{% endmacro %}",
        "with.html": "{% import 'm.html' as m with context %}{{ m.m() }}",
        "without.html": "{% import 'm.html' as m %}{{ m.m() }}",
    }
    own = environment_of(make_app(files))
    plain = jinja2.Environment(loader=jinja2.DictLoader(files), autoescape=True)
    for environment in (own, plain):
        environment.globals.update(a=1, b=1, c=1)
    for name in files:
        for values in ({}, {"b": 2}, {"b": 2, "c": 3}):
            for passed in ({}, {"a": 4}, {"b": 5, "c": 5}):
                own.cache.clear(), plain.cache.clear()  # type: ignore[union-attr]
                expected = plain.get_template(name, globals=values).render(passed)
                assert own.get_template(name, globals=values).render(passed) == expected
                assert "".join(own.get_template(name).generate(passed)) == expected


def test_imports_see_the_globals_of_a_template(make_app: MakeApp) -> None:
    """An import without context has what `get_template` was given for its template, as in Jinja."""
    app = make_app({"m.html": "{% macro m() %}{{ own }}{% endmacro %}"})
    source = "{% import 'm.html' as m %}{{ m.m() }}"
    assert environment_of(app).from_string(source, globals={"own": "wren"}).render() == "wren"


class TestTemplatesFromStrings:
    """Templates from strings are cached after the start."""

    def test_compiled_once(self, make_app: MakeApp) -> None:
        """The same text is the same template, with the values of each rendering."""
        app = make_app()
        environment = environment_of(app)
        assert environment.from_string("{{ x }}") is not environment.from_string("{{ x }}")
        app.start()
        template = environment.from_string("{{ x }}")
        assert environment.from_string("{{ x }}") is template
        assert [template.render(x=1), template.render(x="<")] == ["1", "&lt;"]
        assert environment.from_string("{{ x }}", globals={"x": 2}).render() == "2"
        assert "x" not in template.globals

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("autoescape", False), ("trim_blocks", True), ("keep_trailing_newline", True)),
            *(
                ("finalize", lambda _: "final"),
                ("variable_start_string", "[["),
                ("comment_start_string", "{!"),
            ),
        ],
    )
    def test_other_settings(self, make_app: MakeApp, name: str, value: object) -> None:
        """A setting that is changed later applies to a text that has been rendered before."""
        app = make_app()
        app.start()
        environment = environment_of(app)
        source = "{{ x }} {# #}\n"
        before = environment.from_string(source)
        setattr(environment, name, value)
        assert environment.from_string(source).render(x="<") == _fresh(environment, source).render(x="<")
        assert environment.from_string(source) is not before

    def test_overlay(self, make_app: MakeApp) -> None:
        """An overlay has templates of its own, with its own filters."""
        app = make_app()
        app.start()
        environment = environment_of(app)
        overlay = environment.overlay()
        source = "{{ x|upper }}"
        assert environment.from_string(source).render(x="a") == "A"
        assert overlay.from_string(source).environment is overlay

    def test_bounds(self, make_app: MakeApp) -> None:
        """Neither a long text nor any number of them is kept, and none where nothing is cached."""
        app = make_app()
        app.start()
        environment = environment_of(app)
        first, long = environment.from_string("0"), "x" * 10_001
        assert environment.from_string(long) is not environment.from_string(long)
        for number in range(1, 101):
            environment.from_string(f"{number}")
        assert environment.from_string("0") is not first
        environment.cache = None
        assert environment.from_string("1") is not environment.from_string("1")


def _fresh(environment: Environment, source: str) -> Template:
    return jinja2.Environment.from_string(environment, source)


def test_stream(make_app: MakeApp) -> None:
    """A stream keeps the request, and its response has the headers and cookies of a plain one."""
    app = make_app({"page.html": "{% for n in numbers %}{{ n }}{{ request.args.x }}{% endfor %}"}, Sessions())

    @app.get("/")
    def show() -> object:
        from cocopot import session

        session["user"] = "ada"

        @after_this_request
        def add(response: Response) -> None:
            response.headers["X-Bird"] = "wren"

        return stream_template("page.html", numbers=(n for n in range(3)))

    response = app.test_client().get("/?x=-")
    assert (response.text, response.mimetype) == ("0-1-2-", "text/html")
    assert response.headers["X-Bird"] == "wren"
    assert response.headers["Set-Cookie"].startswith("session=saved")


def test_stream_of_a_string(make_app: MakeApp) -> None:
    """A stream of a text keeps the context as well."""
    app = make_app()
    app.add_url_rule("/", "index", lambda: stream_template_string("{{ request.path }}, {{ x }}", x="<"))
    assert app.test_client().get("/").text == "/, &lt;"


def test_a_stream_loses_no_change_of_the_session(make_app: MakeApp) -> None:
    """What a streamed template changes in the session when the head has been sent is an error, not lost."""
    sessions = Sessions()
    sessions.stored = {"_flashes": [("message", "Saved.")]}
    app = make_app({"page.html": "text {{ get_flashed_messages() }}"}, sessions)
    app.add_url_rule("/", "index", lambda: stream_template("page.html"))
    with pytest.raises(RuntimeError, match="also for a streamed body"):
        _ = app.test_client().get("/").text
    assert sessions.stored == {"_flashes": [("message", "Saved.")]}


def test_template_attributes(make_app: MakeApp) -> None:
    """A macro can be called in Python, and sees the names that every template has."""
    app = make_app({"m.html": "{% macro hi(name) %}{{ name }} {{ config.BIRD }}{% endmacro %}"})
    app.config["BIRD"] = "wren"
    with app.app_context():
        assert get_template_attribute("m.html", "hi")("<a>") == "&lt;a&gt; wren"


def test_markup(make_app: MakeApp) -> None:
    """`render_markup` renders to markup, and escapes the text of a template that does not escape."""
    app = make_app({"a.html": "<b>{{ x }}</b>", "a.txt": "<b>{{ x }}</b>"})
    with app.app_context():
        html, text = render_markup("a.html", x="<"), render_markup(["none", "a.txt"], x="<")
    assert (html, type(html)) == ("<b>&lt;</b>", Markup)
    assert text == "&lt;b&gt;&lt;&lt;/b&gt;"


class TestNonce:
    def test_of_a_plugin(self, make_app: MakeApp) -> None:
        """`csp_nonce()` is the request property `csp_nonce`, also in an imported macro."""

        class Headers:
            @hookimpl
            def cocopot_setup(self, app: Cocopot) -> None:
                app.add_request_property("csp_nonce", lambda request: f"nonce of {request.path}")

        macros = '{% macro script() %}<script nonce="{{ csp_nonce() }}">{% endmacro %}'
        app = make_app({"m.html": macros, "page.html": '{% import "m.html" as m %}{{ m.script() }}'}, Headers)
        app.add_url_rule("/a", "index", lambda: render_template("page.html"))
        assert app.test_client().get("/a").text == '<script nonce="nonce of /a">'

    def test_without_a_plugin(self, make_app: MakeApp) -> None:
        """It is empty where no plugin supplies one, and outside of a request."""
        app = make_app()
        with app.test_request_context("/"):
            assert render_template_string("[{{ csp_nonce() }}]") == "[]"
        with app.app_context():
            assert render_template_string("[{{ csp_nonce() }}]") == "[]"

    def test_an_error_of_the_plugin(self, make_app: MakeApp) -> None:
        """An attribute error of the plugin's function is not hidden."""

        class Headers:
            @hookimpl
            def cocopot_setup(self, app: Cocopot) -> None:
                app.add_request_property("csp_nonce", lambda request: request.nothing)

        app = make_app({}, Headers)
        with app.test_request_context("/"), pytest.raises(AttributeError, match="nothing"):
            render_template_string("{{ csp_nonce() }}")


class TestEnvironment:
    def test_attributes(self, make_app: MakeApp) -> None:
        """The application has Flask's attributes for Jinja."""
        app: Any = make_app()
        assert isinstance(app.jinja_env, Environment)
        assert app.jinja_env is app.template_engine
        assert app.jinja_environment is Environment
        assert app.jinja_options == {}
        assert app.jinja_loader.searchpath == [f"{app.root_path}/templates"]
        assert app.select_jinja_autoescape("a.txt") is False
        assert app.create_jinja_environment() is not app.jinja_env

    def test_of_a_subclass(self, make_app: MakeApp) -> None:
        """A subclass decides on the environment, its options and escaping, as in Flask."""

        class Loud(Environment):
            block_start_string = "<%"

        class Birds(Cocopot):
            jinja_environment = Loud
            jinja_options = {"trim_blocks": True}  # noqa: RUF012 - as in Flask

            def select_jinja_autoescape(self, filename: str | None) -> bool:
                return filename != "plain"

        app = make_app({"plain": "{{ x }}", "page": "{% if 1 %}\n{{ x }}{% endif %}"}, cls=Birds)
        with app.app_context():
            assert render_template("plain", x="<") == "<"
            assert render_template("page", x="<") == "&lt;"
        assert type(environment_of(app)) is Loud

    def test_options_of_an_instance(self, make_app: MakeApp) -> None:
        """Options may be set, or added, before the environment is made."""
        app: Any = make_app()
        app.jinja_options["extensions"] = ["jinja2.ext.do"]
        app.jinja_options.update(variable_start_string="[[", variable_end_string="]]")
        with app.app_context():
            assert render_template_string("{% do [1].append(2) %}[[ 1 ]]{{ 2 }}") == "1{{ 2 }}"

    def test_another_class(self, make_app: MakeApp) -> None:
        """A class that does not know the application is an error that names the one to derive from."""
        import jinja2

        app: Any = make_app()
        app.jinja_environment = jinja2.Environment
        with pytest.raises(TypeError, match=r"must be a subclass of cocopot_jinja\.Environment"):
            app.jinja_env  # noqa: B018

    def test_the_hook(self, make_app: MakeApp) -> None:
        """A plugin changes the environment once, and is blamed for its errors."""
        calls: list[object] = []

        class Extras:
            plugin_name = "extras"

            @hookimpl
            def jinja_environment(self, app: Cocopot, environment: Environment) -> None:
                calls.append(app)
                environment.add_extension("jinja2.ext.loopcontrols")
                if len(calls) > 1:
                    raise ValueError("broken")

        app: Any = make_app({}, Extras())
        with app.app_context():
            assert render_template_string("{% for n in [1, 2] %}{{ n }}{% break %}{% endfor %}") == "1"
        assert calls == [app]
        del app.__dict__["jinja_env"]
        with pytest.raises(ValueError, match="broken") as caught:
            app.jinja_env  # noqa: B018
        assert "Raised by plugin 'extras' in hook jinja_environment." in caught.value.__notes__

    def test_one_for_all_threads(self, make_app: MakeApp) -> None:
        """Threads that need it at once get the same environment."""
        app = make_app()
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: environment_of(app), range(32)))
        assert len({id(environment) for environment in found}) == 1

    def test_overlays(self, make_app: MakeApp) -> None:
        """An overlay of the environment, with other delimiters, renders as well."""
        overlay = environment_of(make_app()).overlay(variable_start_string="<<", variable_end_string=">>")
        assert overlay.from_string("<< x >> {{ x }}").render(x=1) == "1 {{ x }}"


def test_a_loaded_template(make_app: MakeApp) -> None:
    """A template that was loaded from the environment may be passed in place of its name."""
    app = make_app({"page.html": "{{ x }}"})
    template: Template = environment_of(app).get_template("page.html")
    with app.app_context():
        assert render_template(template, x=1) == "1"


def test_another_engine(make_app: MakeApp) -> None:
    """An engine of another plugin is used in place of this one, without a conflict."""

    class Other:
        plugin_name = "another"

        @hookimpl
        def cocopot_template_engine(self) -> jinja2.Environment:
            return jinja2.Environment(autoescape=True, variable_start_string="<<", variable_end_string=">>")

    app = make_app({}, Other())
    app.add_url_rule("/", "index", lambda: render_template_string("<< 1 >>"))
    assert app.test_client().get("/").text == "1"
    assert app.plugins.conflicts == []


def calls_of(app: Cocopot) -> list[str]:
    """Return the functions that a request calls, after one that has compiled what it needs."""
    app.add_url_rule("/", "index", lambda: "text")
    client, called = app.test_client(), []
    client.get("/")
    sys.setprofile(lambda frame, event, arg: called.append(f"{event} {frame.f_code.co_qualname}"))
    try:
        client.get("/")
    finally:
        sys.setprofile(None)
    return called


def test_a_request_without_templates(make_app: MakeApp) -> None:
    """The plugin adds no call to a request that renders nothing."""
    assert calls_of(make_app()) == calls_of(Cocopot("birds", autoload=False))


def test_async_templates(make_app: MakeApp) -> None:
    """With `enable_async` a template awaits functions, in a page and in a stream; a fragment is refused."""
    app: Any = make_app({"a.html": "{% block b %}{{ size() }}{% endblock %}"})
    app.jinja_options["enable_async"] = True

    async def size() -> int:
        return 10

    with app.test_request_context("/"):
        assert render_template("a.html", size=size) == "10"
        assert "".join(stream_template("a.html", size=size)) == "10"
        with pytest.raises(RuntimeError, match="render_block cannot render with enable_async"):
            render_block("a.html", "b", size=size)
