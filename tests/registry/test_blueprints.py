from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.routing import BuildError

from cocopot import Blueprint, Cocopot, abort, current_app, g, request, url_for

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot.registry.blueprints import BlueprintSetupState

HOOKS = ("before_request", "after_request", "teardown_request", "url_value_preprocessor", "url_defaults")
APP_HOOKS = (
    "before_app_request",
    "after_app_request",
    "teardown_app_request",
    "app_url_value_preprocessor",
    "app_url_defaults",
)


def make_app(**options: Any) -> Cocopot:
    app = Cocopot("tests_of_blueprints", autoload=False, **options)
    app.testing = True
    return app


def note_everything(holder: Any, name: str, seen: list[str], number: str = "") -> None:
    """Register a function of each kind that notes that it was called."""
    holder.before_request(lambda: seen.append(f"before {name}{number}"))
    holder.after_request(lambda response: seen.append(f"after {name}{number}"))
    holder.teardown_request(lambda exc: seen.append(f"teardown {name}{number}"))
    holder.url_value_preprocessor(lambda endpoint, values: seen.append(f"values {name}{number}"))


def nested(*names: str, **options: Any) -> list[Blueprint]:
    """Return blueprints, each inside the one before, each with a prefix and a view `index`."""
    blueprints = [Blueprint(name, __name__, url_prefix=f"/{name}", **options) for name in names]
    for outer, inner in pairwise(blueprints):
        outer.register_blueprint(inner)
    for blueprint in blueprints:
        blueprint.add_url_rule("/", "index", lambda: f"{request.endpoint} {request.blueprints}")
    return blueprints


class TestRules:
    @pytest.mark.parametrize(
        ("prefix", "rule", "path"),
        [
            ("/a", "/b", "/a/b"),
            ("/a/", "/b", "/a/b"),
            ("/a/", "b", "/a/b"),
            ("/a", "", "/a"),
            ("/", "/b", "/b"),
            (None, "/b", "/b"),
            ("/<int:n>", "/b", "/3/b"),
        ],
    )
    def test_prefix(self, prefix: str | None, rule: str, path: str) -> None:
        """A rule is joined with the prefix by one slash, whatever each of them ends and begins with."""
        blueprint = Blueprint("bp", __name__, url_prefix=prefix)
        blueprint.add_url_rule(rule, view_func=lambda **values: [request.path, values], endpoint="view")
        app = make_app()
        app.register_blueprint(blueprint)
        assert app.test_client().get(path).json == [path, {"n": 3} if "3" in path else {}]

    @pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
    def test_methods(self, method: str) -> None:
        """A blueprint has the decorators of the methods that an application has."""
        blueprint = Blueprint("bp", __name__)

        @getattr(blueprint, method)("/", endpoint="it")  # type: ignore[untyped-decorator]
        def view() -> str:
            return f"{request.method} {request.endpoint}"

        app = make_app()
        app.register_blueprint(blueprint)
        assert app.test_client().open("/", method=method.upper()).text == f"{method.upper()} bp.it"
        assert app.test_client().open("/", method="PURGE").status_code == 405

    def test_options(self) -> None:
        """Methods and defaults reach the rule, and its defaults beat the blueprint's."""
        blueprint = Blueprint("bp", __name__, url_defaults={"a": 1, "b": 1})

        @blueprint.route("/x", methods=["POST"], defaults={"b": 2})
        def view(a: int, b: int) -> list[int]:
            return [a, b]

        app = make_app()
        app.register_blueprint(blueprint)
        assert app.test_client().post("/x").json == [1, 2]
        assert app.test_client().get("/x").status_code == 405

    def test_endpoint_first(self) -> None:
        """A rule can name an endpoint whose function is registered with `endpoint`, before or after."""
        blueprint = Blueprint("bp", __name__)
        blueprint.add_url_rule("/", "home")

        @blueprint.endpoint("home")
        def anything() -> str:
            return "at home"

        app = make_app()
        app.register_blueprint(blueprint)
        assert app.test_client().get("/").text == "at home"

    def test_view_functions(self) -> None:
        """What is in a blueprint's own view functions is registered with it."""
        blueprint = Blueprint("bp", __name__)
        blueprint.add_url_rule("/", "home")
        blueprint.view_functions["home"] = lambda: "from the table"
        app = make_app()
        app.register_blueprint(blueprint)
        assert app.test_client().get("/").text == "from the table"

    def test_subdomain(self) -> None:
        """A blueprint's subdomain holds for its rules, and joins that of the blueprint around it."""
        outer = Blueprint("outer", __name__, subdomain="api")
        inner = Blueprint("inner", __name__, subdomain="v1")
        plain = Blueprint("plain", __name__)
        for blueprint in (outer, inner, plain):
            blueprint.add_url_rule(f"/{blueprint.name}", "view", lambda: str(request.endpoint))
        outer.register_blueprint(inner)
        outer.register_blueprint(plain)
        app = make_app(subdomain_matching=True)
        app.config["SERVER_NAME"] = "example.com"
        app.register_blueprint(outer)
        client = app.test_client()
        assert client.get("/outer", subdomain="api").text == "outer.view"
        assert client.get("/inner", subdomain="v1.api").text == "outer.inner.view"
        assert client.get("/plain", subdomain="api").text == "outer.plain.view"
        assert client.get("/plain").status_code == 404

    def test_options_of_the_registration(self) -> None:
        """What is passed to `register_blueprint` replaces the blueprint's own; `None` leaves it."""
        blueprint = Blueprint("bp", __name__, url_prefix="/own", url_defaults={"a": 1})
        blueprint.add_url_rule("/", "view", lambda a: [request.endpoint, a])
        app = make_app()
        app.register_blueprint(blueprint, url_prefix=None)
        app.register_blueprint(blueprint, name="two", url_prefix="/given", url_defaults={"a": 2})
        assert app.test_client().get("/own/").json == ["bp.view", 1]
        assert app.test_client().get("/given/").json == ["two.view", 2]
        assert app.blueprint_prefixes == {"bp": "/own", "two": "/given"}


class TestNames:
    @pytest.mark.parametrize("name", ["", "a.b"])
    def test_refused(self, name: str) -> None:
        """A blueprint needs a name, and one without dots, which separate nested names."""
        with pytest.raises(ValueError, match="may not"):
            Blueprint(name, __name__)

    def test_dotted_endpoint(self) -> None:
        """An endpoint with a dot would belong to another blueprint, wherever the dot comes from."""
        blueprint = Blueprint("bp", __name__)
        view = make_app
        named: Any = type("Named", (), {"__name__": "a.b", "__call__": lambda self: "x"})()
        with pytest.raises(ValueError, match=r"'a\.b' may not contain a dot"):
            blueprint.add_url_rule("/", "a.b", view)
        with pytest.raises(ValueError, match=r"'a\.b' may not contain a dot"):
            blueprint.add_url_rule("/", view_func=named)

    def test_no_endpoint(self) -> None:
        """A rule with neither an endpoint nor a function is refused where it is written."""
        with pytest.raises(TypeError, match="endpoint, or a view function"):
            Blueprint("bp", __name__).add_url_rule("/")

    def test_twice(self) -> None:
        """A blueprint can be registered again under another name; both work, each with its own endpoints."""
        blueprint = Blueprint("bp", __name__)
        blueprint.add_url_rule("/", "view", lambda: url_for(".view"))
        app = make_app()
        app.register_blueprint(blueprint, url_prefix="/one")
        app.register_blueprint(blueprint, url_prefix="/two", name="again")
        assert app.test_client().get("/one/").text == "/one/"
        assert app.test_client().get("/two/").text == "/two/"
        assert list(app.iter_blueprints()) == [blueprint, blueprint]
        assert list(app.blueprints) == ["bp", "again"]

    def test_clash(self) -> None:
        """A second registration under a name is refused, and the message states whose name it is."""
        app = make_app()
        blueprint = Blueprint("bp", __name__)
        app.register_blueprint(blueprint)
        with pytest.raises(ValueError, match=r"'bp' is already registered for this blueprint\. Use name="):
            app.register_blueprint(blueprint)
        with pytest.raises(ValueError, match="registered for another blueprint"):
            app.register_blueprint(Blueprint("bp", __name__))

    def test_itself(self) -> None:
        """A blueprint cannot lie in itself, nor in one that lies in it."""
        blueprint, middle, inner = (Blueprint(name, __name__) for name in ("bp", "middle", "inner"))
        with pytest.raises(ValueError, match="'bp' cannot be registered inside itself"):
            blueprint.register_blueprint(blueprint)
        blueprint.register_blueprint(middle)
        middle.register_blueprint(inner)
        with pytest.raises(ValueError, match="'inner' cannot be registered inside itself"):
            inner.register_blueprint(blueprint)

    def test_repr(self) -> None:
        """A blueprint shows its name."""
        assert repr(Blueprint("bp", __name__)) == "<Blueprint 'bp'>"


class TestNested:
    def test_three_deep(self) -> None:
        """Names and prefixes are joined from the outside in, and a request knows all its blueprints."""
        app = make_app()
        app.register_blueprint(nested("a", "b", "c")[0])
        client = app.test_client()
        assert client.get("/a/").text == "a.index ['a']"
        assert client.get("/a/b/").text == "a.b.index ['a.b', 'a']"
        assert client.get("/a/b/c/").text == "a.b.c.index ['a.b.c', 'a.b', 'a']"
        assert app.blueprint_prefixes == {"a": "/a", "a.b": "/a/b", "a.b.c": "/a/b/c"}

    def test_one_inside_two(self) -> None:
        """One blueprint can lie inside two others, and twice in one under two names."""
        inner = Blueprint("inner", __name__)
        inner.add_url_rule("/", "view", lambda: str(request.endpoint))
        app = make_app()
        for name in ("x", "y"):
            outer = Blueprint(name, __name__, url_prefix=f"/{name}")
            outer.register_blueprint(inner, url_prefix="/in")
            outer.register_blueprint(inner, url_prefix="/more", name="more")
            app.register_blueprint(outer)
        assert app.test_client().get("/x/in/").text == "x.inner.view"
        assert app.test_client().get("/y/in/").text == "y.inner.view"
        assert app.test_client().get("/y/more/").text == "y.more.view"

    def test_outer_registered_twice(self) -> None:
        """A blueprint that is registered twice provides what lies inside it both times."""
        outer = nested("a", "b")[0]
        app = make_app()
        app.register_blueprint(outer)
        app.register_blueprint(outer, name="z", url_prefix="/z")
        assert app.test_client().get("/a/b/").text == "a.b.index ['a.b', 'a']"
        assert app.test_client().get("/z/b/").text == "z.b.index ['z.b', 'z']"

    def test_url_defaults(self) -> None:
        """The defaults of outer blueprints hold inside; what is nearer to the rule wins."""
        outer = Blueprint("outer", __name__, url_defaults={"a": 1, "b": 1, "c": 1})
        inner = Blueprint("inner", __name__, url_defaults={"b": 2, "c": 2})
        inner.add_url_rule("/own", "own", lambda **values: values)
        outer.register_blueprint(inner)
        outer.register_blueprint(inner, name="given", url_prefix="/given", url_defaults={"c": 3})
        app = make_app()
        app.register_blueprint(outer)
        assert app.test_client().get("/own").json == {"a": 1, "b": 2, "c": 2}
        assert app.test_client().get("/given/own").json == {"a": 1, "b": 2, "c": 3}

    def test_prefix_from_outside_only(self) -> None:
        """A blueprint without a prefix takes the one of the blueprint around it."""
        outer = Blueprint("outer", __name__, url_prefix="/outer")
        inner = Blueprint("inner", __name__)
        inner.add_url_rule("/x", "view", lambda: "x")
        outer.register_blueprint(inner)
        app = make_app()
        app.register_blueprint(outer)
        assert app.test_client().get("/outer/x").text == "x"

    def test_url_values(self) -> None:
        """Each blueprint's preprocessor may take its values out of the URL before the view gets them."""
        outer, inner = nested("outer", "inner")
        outer.url_value_preprocessor(lambda _, values: setattr(g, "lang", values.pop("lang")))
        inner.url_value_preprocessor(lambda _, values: setattr(g, "user", values.pop("user")))
        inner.add_url_rule("/<user>/<int:n>", "view", lambda n: [g.lang, g.user, n])
        app = make_app()
        app.register_blueprint(outer, url_prefix="/<lang>")
        assert app.test_client().get("/de/inner/eva/3").json == ["de", "eva", 3]

    def test_url_default_functions(self) -> None:
        """URL defaults fill in for the blueprint's own endpoints only, the outermost first."""
        seen: list[str] = []
        app = make_app()
        blueprints = nested("a", "b")
        app.url_defaults(lambda endpoint, values: seen.append(f"app {endpoint}"))
        for blueprint in blueprints:
            name = blueprint.name
            blueprint.url_defaults(lambda endpoint, values, name=name: seen.append(f"{name} {endpoint}"))
        app.register_blueprint(blueprints[0])
        app.add_url_rule("/", "home", lambda: "")
        with app.test_request_context():
            assert [url_for("home"), url_for("a.index"), url_for("a.b.index")] == ["/", "/a/", "/a/b/"]
        assert seen[:3] == ["app home", "app a.index", "a a.index"]
        assert seen[3:] == ["app a.b.index", "a a.b.index", "b a.b.index"]


class TestFunctions:
    def test_onion(self) -> None:
        """The application comes first and the innermost blueprint last; on the way out, the reverse."""
        seen: list[str] = []
        app = make_app()
        blueprints = nested("a", "b", "c")
        for holder, name in zip([app, *blueprints], ["app", "a", "b", "c"], strict=True):
            note_everything(holder, name, seen)
        app.register_blueprint(blueprints[0])
        assert app.test_client().get("/a/b/c/").status_code == 200
        names = ["app", "a", "b", "c"]
        assert seen[:8] == [f"values {name}" for name in names] + [f"before {name}" for name in names]
        assert seen[8:12] == [f"after {name}" for name in reversed(names)]
        assert seen[12:] == [f"teardown {name}" for name in reversed(names)]

    def test_order_within(self) -> None:
        """Within a blueprint, functions run in order on the way in and in reverse on the way out."""
        seen: list[str] = []
        (blueprint,) = nested("a")
        for number in "12":
            note_everything(blueprint, "a", seen, number)
        app = make_app()
        app.register_blueprint(blueprint)
        app.test_client().get("/a/")
        assert seen[:4] == ["values a1", "values a2", "before a1", "before a2"]
        assert seen[4:] == ["after a2", "after a1", "teardown a2", "teardown a1"]

    def test_only_for_own_endpoints(self) -> None:
        """A blueprint's functions do not run for endpoints of others, or where nothing matched."""
        seen: list[str] = []
        app = make_app()
        outer, inner = nested("a", "b")
        (sibling, alike) = (nested(name)[0] for name in ("s", "ab"))
        note_everything(inner, "b", seen)
        for blueprint in (outer, sibling, alike):
            app.register_blueprint(blueprint)
        app.add_url_rule("/", "home", lambda: "home")
        for path in ("/", "/a/", "/s/", "/ab/"):
            assert app.test_client().get(path).status_code == 200
        assert app.test_client().get("/a/b/missing").status_code == 404
        assert seen == []
        app.test_client().get("/a/b/")
        assert seen == ["values b", "before b", "after b", "teardown b"]

    def test_before_request_answers(self) -> None:
        """A value of an outer blueprint's before-request function is the response; inner ones do not run."""
        seen: list[str] = []
        outer, inner = nested("a", "b")
        outer.before_request(lambda: ("no", 403))
        note_everything(inner, "b", seen)
        app = make_app()
        app.register_blueprint(outer)
        assert app.test_client().get("/a/b/").status_code == 403
        assert seen == ["values b", "after b", "teardown b"]

    def test_app_wide(self) -> None:
        """The `app` decorators register for every request of the application, in the application's place."""
        seen: list[str] = []
        app = make_app()
        blueprint = Blueprint("bp", __name__)
        blueprint.before_app_request(lambda: seen.append("before"))
        blueprint.after_app_request(lambda response: seen.append("after"))
        blueprint.teardown_app_request(lambda exc: seen.append("teardown"))
        blueprint.app_url_value_preprocessor(lambda endpoint, values: seen.append("values"))
        blueprint.app_url_defaults(lambda endpoint, values: values.setdefault("q", "1"))
        app.add_url_rule("/", "home", lambda: url_for("home"))
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name="again")
        assert app.test_client().get("/").text == "/?q=1"
        assert seen == ["values", "before", "after", "teardown"]

    def test_app_errorhandler(self) -> None:
        """An application-wide error handler of a blueprint answers for all, by code and by class."""
        blueprint = Blueprint("bp", __name__)
        blueprint.app_errorhandler(404)(lambda error: ("nowhere", 404))
        blueprint.app_errorhandler(ZeroDivisionError)(lambda error: "divided")
        app = make_app()
        app.register_blueprint(blueprint, url_prefix="/bp")
        app.add_url_rule("/boom", "boom", lambda: str(1 / 0))
        assert app.test_client().get("/missing").text == "nowhere"
        assert app.test_client().get("/boom").text == "divided"

    def test_tables(self) -> None:
        """What a blueprint provides is in the application's tables under its name, and is live there."""
        app = make_app()
        outer, inner = nested("a", "b")
        inner.before_request(lambda: "stopped")
        inner.register_error_handler(404, lambda error: "none")
        app.register_blueprint(outer)
        assert app.before_request_funcs["a.b"] == inner.before_request_funcs[None]
        assert list(app.error_handler_spec["a.b"]) == [404]
        assert "a" not in app.before_request_funcs
        assert app.test_client().get("/a/b/").text == "stopped"
        app.before_request_funcs["a.b"].clear()
        assert app.test_client().get("/a/b/").text == "a.b.index ['a.b', 'a']"

    def test_names_of_implementations(self) -> None:
        """Each function is in the list of implementations under a name that states where it is from."""
        app = make_app()
        outer, inner = nested("a", "b")
        inner.before_request(make_app)
        app.register_blueprint(outer)
        names = [record.name for record in app.plugins.records("application")]
        assert names == [f"bp.a.b.before_request: {__name__}.make_app"]


class TestErrorHandlers:
    def make(self, prefix: str = "/bp") -> Cocopot:
        blueprint = Blueprint("bp", __name__, url_prefix=prefix)
        blueprint.add_url_rule("/boom", "boom", lambda **values: str(1 / 0))
        blueprint.add_url_rule("/abort", "abort", lambda **values: abort(404))
        blueprint.register_error_handler(404, lambda error: ("404 of bp", 404))
        blueprint.register_error_handler(405, lambda error: ("405 of bp", 405))
        blueprint.errorhandler(ZeroDivisionError)(lambda error: "0 of bp")
        app = make_app()
        app.errorhandler(404)(lambda error: ("404 of app", 404))
        app.register_blueprint(blueprint)
        return app

    @pytest.mark.parametrize("prefix", ["/bp", "/<lang>/bp", "/x/<int:n>"])
    def test_under_the_prefix(self, prefix: str) -> None:
        """A blueprint's handlers answer for what it raises and for 404 and 405 under its prefix."""
        client = self.make(prefix).test_client()
        base = prefix.replace("<lang>", "de").replace("<int:n>", "3")
        assert client.get(f"{base}/boom").text == "0 of bp"
        assert client.get(f"{base}/abort").text == "404 of bp"
        assert client.get(f"{base}/missing/deep").text == "404 of bp"
        assert client.post(f"{base}/boom").text == "405 of bp"

    @pytest.mark.parametrize("path", ["/missing", "/bpx/missing", "/"])
    def test_beside_the_prefix(self, path: str) -> None:
        """The application's handler answers elsewhere, also where the path only begins alike."""
        assert self.make().test_client().get(path).text == "404 of app"

    def test_innermost(self) -> None:
        """Of nested blueprints the innermost handler answers; without one, the next further out."""
        a, b, c = nested("a", "b", "c")
        a.register_error_handler(404, lambda error: "a")
        c.register_error_handler(404, lambda error: "c")
        c.register_error_handler(ValueError, lambda error: "a value of c")
        b.add_url_rule("/abort", "abort", lambda: abort(404))
        app = make_app()
        app.register_blueprint(a)
        client = app.test_client()
        assert [client.get(f"/a/{rest}").text for rest in ("x", "b/x", "b/c/x", "b/abort")] == list("aaca")

    def test_equal_prefixes(self) -> None:
        """Under one prefix the first blueprint answers a 404, and the outer one before those inside."""
        outer = Blueprint("outer", __name__, url_prefix="/x")
        inner = Blueprint("inner", __name__)
        later = Blueprint("later", __name__, url_prefix="/x")
        outer.register_blueprint(inner)
        for blueprint in (outer, inner, later):
            blueprint.register_error_handler(404, lambda error, name=blueprint.name: name)
        app = make_app()
        app.register_blueprint(outer)
        app.register_blueprint(later)
        assert app.test_client().get("/x/missing").text == "outer"

    def test_literal_prefix_before_variable(self) -> None:
        """A prefix without variables is nearer than one with them, in whatever order they are registered."""
        app = make_app()
        for prefix in ("/<lang>", "/en", "/<other>"):
            blueprint = Blueprint(prefix.strip("/<>"), __name__, url_prefix=prefix)
            blueprint.register_error_handler(404, lambda error, name=blueprint.name: name)
            app.register_blueprint(blueprint)
        assert app.test_client().get("/en/missing").text == "en"
        assert app.test_client().get("/de/missing").text == "lang"

    def test_refused(self) -> None:
        """What is neither a status code nor a class of exceptions is refused where it is written."""
        blueprint = Blueprint("bp", __name__)
        with pytest.raises(TypeError, match="status code or a class"):
            blueprint.app_errorhandler("404")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="not a status code"):
            blueprint.register_error_handler(299, lambda error: "")


class TestRecording:
    def test_state(self) -> None:
        """A recorded function is called at each registration, with all there is to know of it."""
        states: list[BlueprintSetupState] = []
        blueprint = Blueprint("bp", __name__, url_prefix="/bp", subdomain="s", url_defaults={"a": 1})
        blueprint.record(states.append)
        app = make_app()
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name="again", url_prefix="/again")
        first, second = states
        assert (first.blueprint, first.app, first.options) == (blueprint, app, {})
        assert (first.name, first.url_prefix, first.subdomain) == ("bp", "/bp", "s")
        assert (first.url_defaults, first.first_registration) == ({"a": 1}, True)
        assert (second.name, second.url_prefix, second.first_registration) == ("again", "/again", False)

    def test_state_adds_rules(self) -> None:
        """The state adds rules as the blueprint does, with its name, prefix and defaults."""
        blueprint = Blueprint("bp", __name__, url_prefix="/bp", url_defaults={"a": 1})

        def view(a: int) -> str:
            return f"{request.endpoint} {a}"

        blueprint.record(lambda state: state.add_url_rule("/x", view_func=view))
        app = make_app()
        app.register_blueprint(blueprint)
        assert app.test_client().get("/bp/x").text == "bp.view 1"

    def test_once(self) -> None:
        """What is recorded once runs once per application, not once per process."""
        seen: list[str] = []
        blueprint = Blueprint("bp", __name__)
        blueprint.record_once(lambda state: seen.append(f"{state.app.name} {state.name}"))
        for name in ("one", "two"):
            app = Cocopot(name, autoload=False)
            app.register_blueprint(blueprint)
            app.register_blueprint(blueprint, name="again")
        assert seen == ["one bp", "two bp"]

    @pytest.mark.parametrize("action", [*HOOKS, *APP_HOOKS, "record", "record_once"])
    def test_too_late(self, action: str) -> None:
        """What is added after the registration is refused with the name of what was called."""
        blueprint = Blueprint("bp", __name__)
        make_app().register_blueprint(blueprint)
        name = action.removesuffix("_once")
        with pytest.raises(RuntimeError, match=rf"^{name}\(\) was called on the blueprint 'bp' after it was"):
            getattr(blueprint, action)(lambda *args: None)

    def test_too_late_for_others(self) -> None:
        """So are rules, views, error handlers and inner blueprints."""
        blueprint = Blueprint("bp", __name__)
        make_app().register_blueprint(blueprint)
        for name, add in {
            "add_url_rule": blueprint.route("/"),
            "endpoint": blueprint.endpoint("x"),
            "errorhandler": blueprint.errorhandler(404),
            "app_errorhandler": blueprint.app_errorhandler(404),
        }.items():
            with pytest.raises(RuntimeError, match=rf"^{name}\(\) was called"):
                add(make_app)
        with pytest.raises(RuntimeError, match=r"^register_blueprint\(\) was called"):
            blueprint.register_blueprint(Blueprint("inner", __name__))

    def test_app_has_begun(self) -> None:
        """A blueprint cannot be registered after the application's first request."""
        app = make_app()
        app.test_client().get("/")
        with pytest.raises(RuntimeError, match="after its first request"):
            app.register_blueprint(Blueprint("bp", __name__))


class TestFiles:
    def test_static_folder(self, tmp_path: Path) -> None:
        """A blueprint serves its own static files below its prefix, under the path that is passed."""
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / "a.txt").write_text("from bp")
        app = make_app()
        for name, path in (("bp", None), ("other", "/assets/")):
            blueprint = Blueprint(
                name, __name__, "files", path, url_prefix=f"/{name}", root_path=str(tmp_path)
            )
            app.register_blueprint(blueprint)
        client = app.test_client()
        assert client.get("/bp/files/a.txt", buffered=True).text == "from bp"
        assert client.get("/other/assets/a.txt", buffered=True).text == "from bp"
        with app.test_request_context():
            assert url_for("bp.static", filename="a.txt") == "/bp/files/a.txt"

    def test_max_age(self, tmp_path: Path) -> None:
        """Files may be cached as long as the application states, unless a subclass knows better."""

        class Cached(Blueprint):
            def get_send_file_max_age(self, filename: str | None) -> int | None:
                return 5 if filename == "a.txt" else super().get_send_file_max_age(filename)

        for name in "ab":
            (tmp_path / f"{name}.txt").touch()
        app = make_app()
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
        app.register_blueprint(Cached("bp", __name__, tmp_path))
        for name, age in (("a", 5), ("b", 60)):
            response = app.test_client().get(f"/{tmp_path.name}/{name}.txt", buffered=True)
            assert response.cache_control.max_age == age

    def test_no_static_folder(self) -> None:
        """Without a static folder there is no static endpoint."""
        app = make_app()
        app.register_blueprint(Blueprint("bp", __name__))
        with app.test_request_context(), pytest.raises(BuildError):
            url_for("bp.static", filename="x")

    def test_current_app(self) -> None:
        """A blueprint reaches the application that serves it, through `current_app`."""
        blueprint = Blueprint("bp", __name__)
        blueprint.add_url_rule("/", "name", lambda: current_app.name)
        for name in ("one", "two"):
            app = Cocopot(name, autoload=False)
            app.register_blueprint(blueprint)
            assert app.test_client().get("/").text == name


def test_a_prefix_without_a_slash_is_refused_at_once() -> None:
    """Also without a route; a nested blueprint may omit it, as it is joined with the outer prefix."""
    app = Cocopot("shop", autoload=False)
    with pytest.raises(ValueError, match=r"'x' of the blueprint 'admin' must begin .* url_prefix='/x'"):
        app.register_blueprint(Blueprint("admin", __name__), url_prefix="x")
    assert app.blueprints == {}
    outer, inner = Blueprint("outer", __name__, url_prefix="/a"), Blueprint("inner", __name__, url_prefix="b")
    inner.add_url_rule("/", "index", lambda: "inner")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    assert app.test_client().get("/a/b/").text == "inner"


@pytest.mark.parametrize("method", ["record", "record_once"])
def test_a_recorded_generator_function_is_rejected(method: str) -> None:
    """A function with a `yield` would never run when the blueprint is registered, and is refused."""
    blueprint = Blueprint("shop", __name__)

    def on_registration(state: object) -> Any:
        yield state

    with pytest.raises(TypeError, match="on_registration has a `yield`"):
        getattr(blueprint, method)(on_registration)
