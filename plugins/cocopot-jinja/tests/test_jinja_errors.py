"""The error of a template names its line, its file and whose it is, also in the log and the debugger."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import TemplateNotFound, TemplatesNotFound, TemplateSyntaxError

from cocopot import Cocopot, hookimpl, render_template, render_template_string, stream_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeApp = Callable[..., Cocopot]


@pytest.fixture
def admin(tmp_path: Path) -> Any:
    """A plugin with a template folder."""
    folder = tmp_path / "admin"
    folder.mkdir()
    (folder / "row.html").write_text("<tr>\n{{ 1/0 }}")
    (folder / "broken.html").write_text("\n\n{% if %}")

    class Admin:
        plugin_name = "admin"

        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            app.add_template_folder(folder)

    return Admin()


def notes_of(app: Cocopot, error: type[Exception], render: Callable[[], object]) -> list[str]:
    with app.test_request_context("/"), pytest.raises(error) as caught:
        render()
    return list(caught.value.__notes__)


def test_the_innermost_template(make_app: MakeApp, admin: object, tmp_path: Path) -> None:
    """An included template of a plugin is named, with its line, plugin and file, before the whole page."""
    app = make_app({"page.html": "\n\n{% include 'row.html' %}"}, admin)
    first, second = notes_of(app, ZeroDivisionError, lambda: render_template("page.html"))
    assert first == f"In line 2 of the template 'row.html' of plugin 'admin', {tmp_path}/admin/row.html."
    assert second.startswith("While rendering the template 'page.html' of the application, ")


def test_syntax_errors(make_app: MakeApp, admin: object, tmp_path: Path) -> None:
    """A template that cannot be compiled is named, and the line of the one that includes it."""
    app = make_app({"page.html": "\n{% include 'broken.html' %}"}, admin)
    notes = notes_of(app, TemplateSyntaxError, lambda: render_template("page.html"))
    assert (
        notes[0]
        == f"In line 3 of the template 'broken.html' of plugin 'admin', {tmp_path}/admin/broken.html."
    )
    notes = notes_of(app, TemplateSyntaxError, lambda: render_template_string("{{"))
    assert notes[0] == "In line 1 of a template from a string."


def test_missing_templates(make_app: MakeApp) -> None:
    """The nearest name is suggested, for a page and for what it includes, which is named with its line."""
    app = make_app({"page.html": "\n{% include 'rwo.html' %}", "row.html": ""})
    notes = notes_of(app, TemplateNotFound, lambda: render_template("pge.html"))
    assert notes[0] == "Did you mean 'page.html'?"
    notes = notes_of(app, TemplateNotFound, lambda: render_template("page.html"))
    assert notes[0] == "Did you mean 'row.html'?"
    assert notes[1].startswith("In line 2 of the template 'page.html' of the application")
    notes = notes_of(app, TemplatesNotFound, lambda: render_template(["pge.html", "rwo.html"]))
    assert not any("Did you mean" in note for note in notes)


def test_streams(make_app: MakeApp, admin: object) -> None:
    """The error of a stream has the same note."""
    app = make_app({}, admin)
    notes = notes_of(app, ZeroDivisionError, lambda: "".join(stream_template("row.html")))
    assert notes[0].startswith("In line 2 of the template 'row.html' of plugin 'admin'")


def test_the_log(make_app: MakeApp, admin: object, caplog: pytest.LogCaptureFixture) -> None:
    """The log of a 500 has the line and the owner."""
    app = make_app({}, admin, config={"DEBUG": False})
    app.add_url_rule("/", "index", lambda: render_template("row.html"))
    with caplog.at_level(logging.ERROR):
        assert app.test_client().get("/").status_code == 500
    assert "In line 2 of the template 'row.html' of plugin 'admin'" in caplog.text
    assert 'row.html", line 2, in top-level template code' in caplog.text


def test_the_debugger(make_app: MakeApp, admin: object) -> None:
    """The page of the debugger shows the line of the template, and the note."""
    from werkzeug.debug import DebuggedApplication
    from werkzeug.test import Client

    app = make_app({}, admin, config={"DEBUG": True})
    app.add_url_rule("/", "index", lambda: render_template("row.html"))
    page = Client(DebuggedApplication(app)).get("/", errors_stream=io.StringIO()).text
    assert "In line 2 of the template &#39;row.html&#39; of plugin &#39;admin&#39;" in page
    assert "{{ 1/0 }}" in page
