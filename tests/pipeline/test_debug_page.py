"""The page of debug mode for a request that no rule matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cocopot import Blueprint, Cocopot, abort
from cocopot.pipeline import debug_page

if TYPE_CHECKING:
    from cocopot import HTTPException

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("shop", autoload=False, static_folder=None)
    app.debug = True
    app.get("/birds/<int:number>", endpoint="bird")(lambda number: "bird")
    app.post("/orders", endpoint="order")(lambda: "order")
    app.get("/lost", endpoint="lost")(lambda: abort(404))
    return app


def test_text(app: Cocopot) -> None:
    """The rules are listed with their reasons, the one that is most similar first."""
    response = app.test_client().get("/birds/wren")
    assert (response.status, response.mimetype) == ("404 NOT FOUND", "text/plain")
    assert response.text.splitlines() == [
        "404 Not Found",
        "GET /birds/wren on localhost matches no rule.",
        "",
        "Rule                 Endpoint  Reason",
        "/birds/<int:number>  bird      number (int) cannot be 'wren'",
        "/orders              order     has 'orders' where the path has 'birds'",
        "/lost                lost      has 'lost' where the path has 'birds'",
        "",
        "This page is shown because DEBUG is on.",
    ]


def test_html(app: Cocopot) -> None:
    """A browser gets a table; what the client sends is escaped."""
    response = app.test_client().get("/<script>x</script>%1b%0a", headers=BROWSER)
    assert (response.status, response.content_type) == ("404 NOT FOUND", "text/html; charset=utf-8")
    assert "<td>/birds/&lt;int:number&gt;</td><td>bird</td>" in response.text
    assert "&lt;script&gt;x" in response.text
    assert "<script" not in response.text
    assert "\x1b" not in response.text


def test_method_not_allowed(app: Cocopot) -> None:
    """A 405 keeps its header Allow."""
    response = app.test_client().get("/orders", headers=BROWSER)
    assert (response.status_code, response.headers["Allow"]) == (405, "OPTIONS, POST")
    assert "<td>is for other methods: OPTIONS, POST</td>" in response.text


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/plain", "text/html;q=0.5, text/plain"])
def test_other_clients(app: Cocopot, accept: str) -> None:
    """Only a client that prefers HTML gets it."""
    response = app.test_client().get("/nowhere", headers={"Accept": accept})
    assert response.mimetype == "text/plain"


def test_no_rules() -> None:
    """For an application without rules the page contains that, and not only an empty table."""
    app = Cocopot(__name__, autoload=False, static_folder=None)
    app.debug = True
    assert "matches no rule. The application has no rules." in app.test_client().get("/").text


def test_without_debug(app: Cocopot) -> None:
    """Without debug mode nothing is shown of the rules."""
    app.debug = False
    response = app.test_client().get("/birds/wren", headers=BROWSER)
    assert (response.status_code, "number" in response.text) == (404, False)


def test_not_found_by_a_view(app: Cocopot) -> None:
    """A 404 that a view raises is not about the rules."""
    assert "no rule" not in app.test_client().get("/lost").text


@pytest.mark.parametrize("owner", ["application", "blueprint", "class"])
def test_error_handler(app: Cocopot, owner: str) -> None:
    """An error handler of the application answers instead."""

    def handle(error: HTTPException) -> tuple[str, int]:
        return "handled", 404

    admin = Blueprint("admin", "shop", url_prefix="/admin")
    if owner == "blueprint":
        admin.errorhandler(404)(handle)
    else:
        app.errorhandler(404 if owner == "application" else Exception)(handle)
    app.register_blueprint(admin)
    assert app.test_client().get("/admin/nowhere").text == "handled"


def test_many_rules(app: Cocopot) -> None:
    """The page is bounded, and begins with the rules that are most similar."""
    for number in range(1000):
        app.get(f"/pages/{number}/", endpoint=f"page{number}")(lambda: "page")
    lines = app.test_client().get("/pages/999/x").text.splitlines()
    assert lines[4].startswith("/pages/999/ ")
    assert len(lines) == debug_page.MAX_RULES + 6
    assert lines[-1].startswith("953 more rules are not shown")


def test_untrusted_host(app: Cocopot) -> None:
    """An error while the page is made leaves the response as it is without the page."""
    app.config["TRUSTED_HOSTS"] = ["shop.example"]
    response = app.test_client().get("/nowhere", headers={"Host": "evil.example"})
    assert (response.status_code, "rule" in response.text) == (400, False)
