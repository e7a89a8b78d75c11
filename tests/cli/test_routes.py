"""`cocopot routes`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cocopot import Blueprint, Cocopot, hookimpl
from tests.cli.support import run, table


class Health:
    """A plugin that adds a route, and a blueprint with another one."""

    plugin_name = "health"

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        app.add_url_rule("/health", "health", lambda: "fine")
        blueprint = Blueprint("status", __name__)
        blueprint.add_url_rule("/status", "show", lambda: "fine")
        app.register_blueprint(blueprint)


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("routes", autoload=False, plugins=[Health], static_folder="static")
    app.add_url_rule("/birds/<int:id>", "bird", str, methods=["GET", "DELETE"])
    admin = Blueprint("admin", __name__, url_prefix="/admin")
    admin.add_url_rule("/", "overview", lambda: "admin")
    app.register_blueprint(admin)
    return app


def test_table(app: Cocopot) -> None:
    """Each rule has its methods, its endpoint and who added it; they are sorted by rule."""
    assert table(run(app, "routes")) == [
        ["Rule", "Methods", "Endpoint", "Added by"],
        ["/admin/", "GET", "admin.overview", "blueprint admin"],
        ["/birds/<int:id>", "DELETE, GET", "bird", "application"],
        ["/health", "GET", "health", "plugin health"],
        ["/static/<path:filename>", "GET", "static", "cocopot"],
        ["/status", "GET", "status.show", "plugin health, blueprint status"],
    ]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("rule", "/admin/"),
        ("endpoint", "/admin/"),
        ("methods", "/birds/<int:id>"),
        ("added-by", "/birds/<int:id>"),
        ("match", "/health"),
    ],
)
def test_sort(app: Cocopot, sort: str, first: str) -> None:
    """The table is sorted by the selected column."""
    rows = table(run(app, "routes", "--sort", sort))[1:]
    assert rows[0][0] == first
    assert len(rows) == 5


def test_all_methods(app: Cocopot) -> None:
    """The automatic methods are shown with --all-methods."""
    assert table(run(app, "routes", "--all-methods"))[2][1] == "DELETE, GET, HEAD, OPTIONS"


def test_subdomains(app: Cocopot) -> None:
    """Rules of a subdomain have a column for it."""
    app.add_url_rule("/", "api", subdomain="api")
    heading, first, *_ = table(run(app, "routes"))
    assert heading[0] == "Subdomain"
    assert first == ["api", "/", "GET", "api", "application"]


def test_late_plugin(app: Cocopot) -> None:
    """A plugin that is registered later adds its rules under its own name, too."""

    class Late:
        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            app.add_url_rule("/late", "late", lambda: "late")

    app.plugins.register(Late(), "late")
    app.add_url_rule("/later", "later", lambda: "later")
    added_by = {row[0]: row[3] for row in table(run(app, "routes"))}
    assert (added_by["/late"], added_by["/later"]) == ("plugin late", "application")


def test_no_routes() -> None:
    """An application without routes prints a message."""
    assert run(Cocopot("empty", autoload=False, static_folder=None), "routes") == "There are no routes.\n"


def test_json(app: Cocopot) -> None:
    """The same as JSON, with all methods."""
    rows: list[dict[str, Any]] = json.loads(run(app, "routes", "--json"))
    assert rows[-1] == {
        "rule": "/status",
        "methods": ["GET", "HEAD", "OPTIONS"],
        "endpoint": "status.show",
        "subdomain": "",
        "blueprint": "status",
        "plugin": "health",
        "added_by": "plugin health, blueprint status",
        "defaults": {},
        "options": {},
    }


def test_match(app: Cocopot) -> None:
    """The matching rule comes first, then the reason of each other rule."""
    output = run(app, "routes", "--match", "/birds/7", "--method", "delete")
    assert output.splitlines()[:4] == [
        "DELETE /birds/7 on localhost matches the endpoint bird.",
        "  rule      /birds/<int:id>",
        "  values    {'id': 7}",
        "  added by  application",
    ]
    assert "has 'health' where the path has 'birds'" in output


@pytest.mark.parametrize(
    ("args", "headline"),
    [
        (["/birds/abc"], "404 Not Found."),
        (["/health", "--method", "PUT"], "405 Method Not Allowed. Allowed methods: GET, HEAD, OPTIONS."),
    ],
)
def test_no_match(app: Cocopot, args: list[str], headline: str) -> None:
    """If no rule matches, the headline has the error, and the exit code is 1."""
    first = run(app, "routes", "--match", *args, code=1).splitlines()[0]
    assert first.partition(" matches no rule: ")[2] == headline


def test_redirect(app: Cocopot) -> None:
    """A redirect is shown, with the endpoint that it leads to."""
    assert run(app, "routes", "--match", "/admin").splitlines()[0] == (
        "GET /admin on localhost is redirected (308) to http://localhost/admin/, which matches the "
        "endpoint admin.overview."
    )


def test_match_json(app: Cocopot) -> None:
    """The explanation as JSON."""
    found = json.loads(run(app, "routes", "--match", "/birds/7", "--json"))
    assert (found["answer"]["endpoint"], found["values"], found["status"]) == ("bird", {"id": 7}, None)
    assert {other["endpoint"] for other in found["others"]} == {
        "admin.overview",
        "health",
        "static",
        "status.show",
    }
    missed = json.loads(run(app, "routes", "--match", "/admin", "--json"))
    assert (missed["answer"], missed["redirect"], missed["status"]) == (
        None,
        "http://localhost/admin/",
        308,
    )


class TestOptions:
    @pytest.fixture
    def app(self) -> Cocopot:
        class Options:
            plugin_name = "options"

            @hookimpl
            def cocopot_setup(self, app: Cocopot) -> None:
                app.add_route_option("csrf", bool, True)
                app.add_route_option("limit", str | None)

        app = Cocopot("routes", autoload=False, plugins=[Options], static_folder=None)
        app.add_url_rule("/", "index", str)
        app.add_url_rule("/hook", "hook", str, limit="5/min")
        return app

    def test_columns(self, app: Cocopot) -> None:
        """An option has a column if a route sets it, and with --all-options in any case."""
        assert table(run(app, "routes")) == [
            ["Rule", "Methods", "Endpoint", "Added by", "limit"],
            ["/", "GET", "index", "application", "None"],
            ["/hook", "GET", "hook", "application", "5/min"],
        ]
        assert table(run(app, "routes", "--all-options"))[0][4:] == ["csrf", "limit"]

    def test_json(self, app: Cocopot) -> None:
        """All of them are part of it."""
        rows = json.loads(run(app, "routes", "--json"))
        assert [row["options"] for row in rows] == [
            {"csrf": True, "limit": None},
            {"csrf": True, "limit": "5/min"},
        ]

    def test_match(self, app: Cocopot) -> None:
        """Those of the rule that matches are shown."""
        assert "  options   csrf=True, limit='5/min'\n" in run(app, "routes", "--match", "/hook")

    def test_invalid_ones(self, app: Cocopot) -> None:
        """A warning names them, and the table is printed."""
        app.add_url_rule("/late", "late", str, audit=5)
        output = run(app, "routes")
        assert (
            "Warning: The route option audit=5 of the rule '/late' (endpoint 'late') is not declared"
            in output
        )
        assert "/hook" in output
