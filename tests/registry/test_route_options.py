from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal

import pytest
from werkzeug.routing import EndpointPrefix, Submount
from werkzeug.routing import Rule as WerkzeugRule

from cocopot import Blueprint, Cocopot, PluginError, hookimpl, request
from cocopot.exceptions import RouteOptionError
from cocopot.routing import Rule
from cocopot.views import MethodView

if TYPE_CHECKING:
    from collections.abc import Callable


def per_minute(text: str) -> int:
    """Return the number in texts such as `5/min`."""
    number, _, unit = text.partition("/")
    if unit != "min":
        raise ValueError("write it as '5/min'")
    return int(number)


class Options:
    """A plugin that declares four options."""

    plugin_name = "options"

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        app.add_route_option("guarded", bool, True)
        app.add_route_option("role", str | None)
        app.add_route_option("rate", per_minute, "10/min")


class Shop(MethodView):
    def get(self) -> dict[str, Any]:
        return view()


DEFAULTS = {"guarded": True, "role": None, "rate": 10}


class Plugin:
    """A plugin that does something in its set-up."""

    def __init__(self, name: str, setup: Callable[[Cocopot], object]) -> None:
        self.plugin_name, self.setup = name, setup

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        self.setup(app)


def make(*plugins: object, **options: Any) -> Cocopot:
    return Cocopot(__name__, autoload=False, plugins=plugins, static_folder=None, **options)


def view() -> dict[str, Any]:
    """Return the options of the rule that the request matches."""
    assert request.url_rule is not None
    return dict(request.url_rule.options)


def options_of(app: Cocopot, path: str = "/") -> dict[str, Any]:
    options: Any = app.test_client().get(path).json
    return dict(options)


def changed(**options: Any) -> dict[str, Any]:
    return {**DEFAULTS, **options}


def faults_of(app: Cocopot) -> list[str]:
    """Return what the start reports."""
    with pytest.raises(RouteOptionError) as caught:
        app.start()
    return [fault.sentence for fault in caught.value.faults]


class TestValues:
    def test_every_way_to_add_a_route(self) -> None:
        """The options are keywords of each of them, and the others have their defaults."""
        app = make(Options)
        app.get("/get", endpoint="get", guarded=False)(view)
        app.route("/route", endpoint="route", rate="5/min")(view)
        app.add_url_rule("/rule", "rule", view, role="admin")
        app.add_url_rule("/class", view_func=Shop.as_view("shop"), guarded=False)
        assert options_of(app, "/get") == changed(guarded=False)
        assert options_of(app, "/route") == changed(rate=5)
        assert options_of(app, "/rule") == changed(role="admin")
        assert options_of(app, "/class") == changed(guarded=False)

    def test_rules_that_others_add(self) -> None:
        """Those of plugins, the static one, Werkzeug's, and those of factories have them, too."""
        app = Cocopot(
            __name__,
            autoload=False,
            plugins=[Plugin("aa", lambda app: app.add_url_rule("/aa", "aa", view)), Options],
        )
        app.router.add(WerkzeugRule("/werkzeug", endpoint="aa"))
        inner = Rule("/rule", endpoint="a", options={"role": "admin"})
        app.router.add(Submount("/mounted", [EndpointPrefix("a", [inner])]))
        app.start()
        assert {rule.rule: dict(rule.options) for rule in app.router.iter_rules()} == {  # type: ignore[attr-defined]
            "/aa": DEFAULTS,
            "/static/<path:filename>": DEFAULTS,
            "/werkzeug": DEFAULTS,
            "/mounted/rule": changed(role="admin"),
        }

    def test_a_request_that_matches_no_rule(self) -> None:
        """It has no rule, and so no options."""
        app = make(Options)
        seen: list[object] = []
        app.before_request(lambda: seen.append(request.url_rule))
        assert app.test_client().get("/missing").status_code == 404
        assert seen == [None]

    def test_before_the_start(self) -> None:
        """A context for tests, whose application has not been started, has them."""
        app = make(Options)
        app.add_url_rule("/", view_func=view, rate="7/min")
        with app.test_request_context("/"):
            assert view() == changed(rate=7)
        late = Plugin("late", lambda app: app.add_route_option("audit", str, "no"))
        app.plugins.register(late)
        with app.test_request_context("/"):
            assert view() == changed(rate=7, audit="no")

    def test_they_are_read_only(self) -> None:
        """Neither a plugin nor a view changes those of all requests."""
        app = make(Options)
        app.add_url_rule("/", view_func=view, rate="7/min")
        (rule,) = app.router.iter_rules()
        with pytest.raises(TypeError, match="does not support item assignment"):
            rule.options["rate"] = 8  # type: ignore[attr-defined]

    def test_copies(self) -> None:
        """A copy of a rule has them, before the start and after it; so has one of a subclass."""

        class Own(Rule):
            def __init__(self, string: str, weight: int = 0, **kwargs: Any) -> None:
                super().__init__(string, **kwargs)
                self.weight = weight

        class Shop(Cocopot):
            url_rule_class = Own

        app = Shop(__name__, autoload=False, plugins=[Options], static_folder=None)
        app.add_url_rule("/", view_func=view, weight=3, rate="7/min")
        (rule,) = app.router.iter_rules()
        assert (rule.weight, rule.empty().options) == (3, changed(rate=7))  # type: ignore[attr-defined]
        app.start()
        (copied,) = app.router.restricted_to([rule]).iter_rules()
        assert copied.empty().options == changed(rate=7)  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="'weight' is a parameter of every route"):
            Shop(__name__, autoload=False).add_route_option("weight", int)

    def test_without_plugins(self) -> None:
        """Rules have an empty mapping."""
        app = make()
        app.add_url_rule("/", view_func=view)
        assert options_of(app) == {}


class TestDefaults:
    def test_inner_ones_win(self) -> None:
        """The route, then the registration, its blueprint, the outer one, and the application."""
        app = make(Options, route_options={"role": "app", "rate": "1/min"})
        outer = Blueprint("outer", __name__, route_options={"role": "outer", "rate": "2/min"})
        inner = Blueprint("inner", __name__, route_options={"role": "inner"}, url_prefix="/inner")
        for target in (app, outer, inner):
            target.add_url_rule("/set", "set", view, role="route")
            target.add_url_rule("/", "index", view)
        outer.register_blueprint(inner)
        outer.register_blueprint(inner, name="again", url_prefix="/again", route_options={"rate": "3/min"})
        app.register_blueprint(outer, url_prefix="/outer", route_options={"guarded": False})
        assert options_of(app, "/set") == changed(role="route", rate=1)
        assert options_of(app, "/") == changed(role="app", rate=1)
        assert options_of(app, "/outer/") == changed(role="outer", rate=2, guarded=False)
        assert options_of(app, "/outer/inner/") == changed(role="inner", rate=2, guarded=False)
        assert options_of(app, "/outer/inner/set") == changed(role="route", rate=2, guarded=False)
        assert options_of(app, "/outer/again/") == changed(role="inner", rate=3, guarded=False)

    def test_a_blueprint_before_it_is_registered(self) -> None:
        """They may be changed until then, and apply to the static files of the blueprint."""
        app = make(Options)
        admin = Blueprint("admin", __name__, static_folder="static")
        admin.route_options["role"] = "admin"
        app.register_blueprint(admin)
        assert [dict(rule.options) for rule in app.router.iter_rules()] == [changed(role="admin")]  # type: ignore[attr-defined]

    def test_none_resets_a_default(self) -> None:
        """Where the default is `None`, a route may pass it."""
        app = make(Options, route_options={"role": "user"})
        app.add_url_rule("/", view_func=view, role=None)
        assert options_of(app) == DEFAULTS

    @pytest.mark.parametrize("name", ["methods", "strict_slashes", "endpoint"])
    def test_a_parameter_of_routes(self, name: str) -> None:
        """It has no default for all routes, which no plugin could change."""
        with pytest.raises(RouteOptionError) as caught:
            make(route_options={name: 1}).test_client().get("/")
        problem, *_, cure = str(caught.value).splitlines()
        assert problem == f"The route option {name}=1 of the application is a parameter of each route."
        assert cure == f"Pass {name}= to the route instead."

    def test_not_a_mapping(self) -> None:
        """The message names what is expected."""
        with pytest.raises(TypeError, match="route_options takes a mapping of names to values, not 'role'"):
            make(route_options="role")


class TestInvalid:
    def test_a_value_of_a_declared_option(self) -> None:
        """It raises at once, with rule, endpoint, option, value, plugin, place and cure."""
        app = make(Options)
        with pytest.raises(RouteOptionError) as caught:
            app.add_url_rule("/x", "shown", view, guarded="no")
        lines = str(caught.value).splitlines()
        assert lines[0] == (
            "The route option guarded='no' of the rule '/x' (endpoint 'shown') must be a bool. "
            "It is declared by plugin 'options'."
        )
        assert "test_route_options.py:" in lines[1]
        assert lines[2] == "Correct the value, or remove it: the default is True."
        assert list(app.router.iter_rules()) == []

    def test_what_a_function_raises(self) -> None:
        """The message has the text of the exception, and its type if it is an unexpected one."""
        app = make(Options)
        with pytest.raises(RouteOptionError, match="is invalid: write it as '5/min'"):
            app.add_url_rule("/x", "x", view, rate="often")
        with pytest.raises(RouteOptionError, match="is invalid: AttributeError: 'int' object has no"):
            app.add_url_rule("/x", "x", view, rate=5)

    def test_a_misspelled_name(self) -> None:
        """It raises at once, as a misspelled keyword of a rule does."""
        app = make(Options)
        with pytest.raises(
            TypeError, match=r"gaurded=False .* is not declared by any plugin.*\n.*\n.*'guarded'"
        ):
            app.get("/", gaurded=False)(view)
        with pytest.raises(TypeError, match="Did you mean 'methods'"):
            app.add_url_rule("/", "x", view, method=["POST"])
        with pytest.raises(ValueError, match="Did you mean 'role'"):
            app.register_blueprint(Blueprint("b", __name__, route_options={"roles": "x"}))
        assert (dict(app.blueprints), list(app.router.iter_rules())) == ({}, [])

    @pytest.mark.parametrize("name", ["options", "route_options"])
    def test_in_a_mapping(self, name: str) -> None:
        """A route takes them as keywords, unlike a rule or a blueprint."""
        options: dict[str, Any] = {name: {"role": "admin"}}
        with pytest.raises(TypeError, match=f"as keywords, such as csrf=False, and not in {name}="):
            make(Options).add_url_rule("/", view_func=view, **options)

    def test_all_at_once(self) -> None:
        """What a plugin might still declare is rejected at the start, each with the package to install."""
        app = make(route_options={"audit": "all"})
        app.add_url_rule("/x", "x", view, csrf=False, limit="5/min")
        blueprint = Blueprint("b", __name__, route_options={"role": "x"})
        app.register_blueprint(blueprint)
        with pytest.raises(RouteOptionError) as caught:
            app.start()
        by_name = {fault.option: fault for fault in caught.value.faults}
        assert sorted(by_name) == ["audit", "csrf", "limit", "role"]
        assert "pip install cocopot-ratelimit" in by_name["limit"].cure
        assert "The plugin 'csrf' is installed but not among" in by_name["csrf"].cure
        assert "pip install cocopot-ratelimit" in by_name["limit"].cure
        assert by_name["role"].subject == "the blueprint 'b'"
        assert by_name["audit"].subject == "the application"
        assert all("test_route_options.py:" in str(fault.place) for fault in by_name.values())
        assert str(caught.value).startswith("4 route options are invalid:\n")

    def test_a_disabled_plugin(self) -> None:
        """The message names what disables it."""
        app = make(disable={"csrf"})
        app.add_url_rule("/x", "x", view, csrf=False)
        with pytest.raises(RouteOptionError, match="'csrf' is disabled by disable="):
            app.start()

    def test_a_plugin_that_is_registered_later(self) -> None:
        """The options of earlier routes and blueprints are those that it declares."""
        app = make()
        app.add_url_rule("/", view_func=view, rate="5/min")
        app.register_blueprint(Blueprint("b", __name__, route_options={"role": "x"}))
        app.plugins.register(Options())
        assert options_of(app) == changed(rate=5)

    def test_a_value_that_a_later_declaration_rejects(self) -> None:
        """The start reports it."""
        app = make()
        app.add_url_rule("/", "x", view, rate="often")
        app.plugins.register(Options())
        (fault,) = faults_of(app)
        assert fault.startswith("The route option rate='often' of the rule '/' (endpoint 'x') is invalid")

    def test_a_rule_of_a_plugin(self) -> None:
        """The plugin is named, and may use an option of one that is loaded later."""
        app = make(Plugin("aa", lambda app: app.add_url_rule("/", "x", view, guarded=0)), Options)
        (fault,) = faults_of(app)
        assert "guarded=0 of the rule '/' (endpoint 'x', added by plugin 'aa') must be a bool." in fault

    def test_a_rule_that_a_startup_hook_adds(self) -> None:
        """It is checked before the first request."""
        app = make(Options)
        app.on_startup(lambda: app.router.add(Rule("/", endpoint="x", options={"nonsense": 1})))
        assert len(faults_of(app)) == 1

    def test_the_first_request_fails(self) -> None:
        """No route is served without an option that it depends on."""
        app = make()
        app.add_url_rule("/", "x", view, role="admin")
        with pytest.raises(RouteOptionError):
            app.test_client().get("/")


class TestDeclarations:
    @pytest.mark.parametrize(
        ("declared", "valid", "invalid"),
        [
            (bool, [True, False], [0, 1, "yes", None]),
            (int, [0, 5], [True, 5.0, "5", None]),
            (str, ["", "x"], [b"x", 5, None]),
            (tuple, [(), (1,)], [[1], "x"]),
            (str | None, ["x", None], [5]),
            ((str, None), ["x", None], [5, False]),
            ((str, int | None), ["x", 5, None], [True, 5.0]),
            (bool | int, [True, 5], ["x"]),
            (Literal["lax", "strict"], ["lax"], ["none", None]),
            (Literal["lax", 1] | None, ["lax", 1, None], [True]),
            (object, [None, 5], []),
            (Any, [None, 5], []),
        ],
    )
    def test_types(self, declared: object, valid: list[Any], invalid: list[Any]) -> None:
        """Values are those of the types; a `bool` is not an `int`."""
        app = make()
        app.add_route_option("option", declared, valid[0])
        for number, value in enumerate(valid):
            app.add_url_rule(f"/{number}", f"{number}", view, option=value)
            assert app.router._rules_by_endpoint[f"{number}"][0].options == {"option": value}  # type: ignore[attr-defined]
        for value in invalid:
            with pytest.raises(RouteOptionError, match=" must be "):
                app.add_url_rule("/invalid", "invalid", view, option=value)

    @pytest.mark.parametrize("default", [[], {}, set(), bytearray(), ["a"], OrderedDict(a=1)])
    def test_a_mutable_default(self, default: object) -> None:
        """It is refused, also if a function has made it: all requests would share it."""
        app = make()
        for declared, value in [(type(default), default), (lambda _: default, "")]:
            with pytest.raises(TypeError, match=r"the default of 'tags' is .* all requests would share"):
                app.add_route_option("tags", declared, value)
        app.add_route_option("tags", type(default))
        app.add_url_rule("/", "index", view, tags=default)

    def test_a_whole_number_is_a_float(self) -> None:
        """It is converted to one, as type checkers accept it."""
        app = make()
        app.add_route_option("seconds", float, 1)
        assert (app.route_options["seconds"].default, type(app.route_options["seconds"].default)) == (
            1.0,
            float,
        )
        with pytest.raises(RouteOptionError, match="must be a float"):
            app.add_url_rule("/", "x", view, seconds=True)

    @pytest.mark.parametrize(
        ("declared", "text"),
        [(int, "an int"), ((str, int, None), "a str, an int or None"), (Literal["a", "b"], "'a' or 'b'")],
    )
    def test_types_in_messages(self, declared: object, text: str) -> None:
        """The message lists them."""
        app = make()
        app.add_route_option("option", declared)
        with pytest.raises(RouteOptionError, match=f"must be {text}\\."):
            app.add_url_rule("/", "x", view, option=1.5)

    @pytest.mark.parametrize("declared", ["str", 5, (), list[str], str | list[str], ("str",), [str]])
    def test_types_that_are_refused(self, declared: object) -> None:
        """What values cannot be compared with, and is not a function."""
        with pytest.raises(TypeError, match="add_route_option"):
            make().add_route_option("option", declared)

    def test_functions_that_are_refused(self) -> None:
        """A coroutine function, which would not convert anything."""

        async def convert(value: object) -> object:
            return value

        with pytest.raises(TypeError, match="async def"):
            make().add_route_option("option", convert)

    @pytest.mark.parametrize(
        "name", ["methods", "endpoint", "defaults", "host", "provide_automatic_options", "added_by", "rule"]
    )
    def test_parameters_of_routes(self, name: str) -> None:
        """What a rule takes cannot be an option."""
        with pytest.raises(ValueError, match=f"{name!r} is a parameter of every route"):
            make().add_route_option(name, str)

    @pytest.mark.parametrize("name", ["", "the role", "_role", "class", 5])
    def test_names_that_are_refused(self, name: Any) -> None:
        """It must be possible to write it as a keyword."""
        with pytest.raises(ValueError, match="cannot name an option"):
            make().add_route_option(name, str)

    def test_an_invalid_default(self) -> None:
        """The declaration raises, unless it is `None`."""
        with pytest.raises(ValueError, match="the default of 'role' is 5, which its type does not accept"):
            make().add_route_option("role", str, 5)
        with pytest.raises(ValueError, match="the default of 'rate' is 'often'"):
            make().add_route_option("rate", per_minute, "often")

    def test_twice(self) -> None:
        """The second declaration of one plugin, or of the application, is refused."""
        app = make(Options)
        with pytest.raises(ValueError, match="'role' is declared by plugin 'options' already"):
            app.add_route_option("role", str)
        app.add_route_option("own", str)
        with pytest.raises(ValueError, match="'own' is declared by the application already"):
            app.add_route_option("own", str)

    def test_two_plugins(self) -> None:
        """The error names both, with their places."""
        with pytest.raises(PluginError) as caught:
            make(Options, Plugin("other", lambda app: app.add_route_option("role", str | None)))
        text = str(caught.value)
        assert (
            "Plugin 'other' registers the route option 'role', which is also registered by plugin 'options'"
            in text
        )
        assert text.count("test_route_options.py:") == 2
        assert caught.value.reason == "conflict"

    def test_the_list(self) -> None:
        """`route_options` has the declarations by name."""
        options = make(Options).route_options
        assert [(o.name, o.default, o.plugin) for o in options.values()] == [
            ("guarded", True, "options"),
            ("role", None, "options"),
            ("rate", 10, "options"),
        ]

    def test_a_plugin_that_fails_leaves_none(self) -> None:
        """Its set-up is rolled back; a route that needs its option names it at the start."""

        def fail(app: Cocopot) -> None:
            app.add_route_option("audit", bool, False)
            app.register_blueprint(Blueprint("b", __name__, route_options={"audit": True}))
            raise LookupError("no")

        app = make(Plugin("broken", fail), plugin_errors="warn")
        assert app.route_options == {}
        app.add_url_rule("/", view_func=view)
        app.add_url_rule("/x", "x", view, audit=True)
        with pytest.raises(
            RouteOptionError, match="Plugins that failed to load may declare it: 'broken'"
        ) as caught:
            app.start()
        assert len(caught.value.faults) == 1

    def test_after_the_first_request(self) -> None:
        """It is too late, as for routes, but for a plugin that is registered then."""
        app = make()
        app.add_url_rule("/", view_func=view)
        assert options_of(app) == {}
        app.plugins.register(Options())
        assert options_of(app) == DEFAULTS
        with pytest.raises(RuntimeError, match="after its first request"):
            app.add_route_option("role", str)


@pytest.mark.parametrize("values", ["role", 1, [("role", "admin")], {"role"}, set(), {1: 2}])
def test_options_of_a_blueprint_that_are_not_a_mapping(values: Any) -> None:
    """The blueprint refuses them where it is created, as the application does."""
    with pytest.raises(TypeError, match="route_options takes a mapping of names to values, not "):
        Blueprint("shop", __name__, route_options=values)
    with pytest.raises(TypeError, match="route_options takes a mapping of names to values, not "):
        Cocopot(__name__, autoload=False, route_options=values)
