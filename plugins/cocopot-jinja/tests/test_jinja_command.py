"""`cocopot templates`, and what `cocopot check` reports about templates and slots."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from jinja2 import DictLoader, FileSystemLoader, FunctionLoader

from cocopot import Blueprint, Cocopot, hookimpl
from cocopot.cli import AppLoader, main

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeApp = Callable[..., Cocopot]

BASE = '{{ slot("nav") }}{{ slot(name="foot") }}'


class Admin:
    """A plugin with templates in a loader, and contributions to two slots."""

    plugin_name = "admin"

    @hookimpl
    def jinja_loader(self) -> DictLoader:
        return DictLoader({"base.html": '{{ slot("side") }}', "admin.html": "{{ 1 }}"})

    @hookimpl
    def jinja_slot(self, slot: str) -> str | None:
        return "text" if slot in {"nav", "side"} else None


def run(app: Cocopot, *args: str, code: int = 0) -> str:
    result = app.test_cli_runner().invoke(args=args)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def app(make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cocopot:
    app = make_app({"base.html": BASE, "birds/list.html": '{% extends "base.html" %}'}, Admin())
    (tmp_path / "of-blueprint").mkdir()
    (tmp_path / "of-blueprint" / "birds\x1b.html").write_text("a")
    app.register_blueprint(Blueprint("birds", __name__, template_folder=str(tmp_path / "of-blueprint")))
    monkeypatch.chdir(tmp_path)
    return app


class TestTemplates:
    def test_text(self, app: Cocopot) -> None:
        """Every template with its file, its owner and what it shadows; then the slots."""
        lines = run(app, "templates").splitlines()
        assert [line.split("  ")[0] for line in lines] == [
            *("Template", "-" * 15, "admin.html", "base.html", "birds\\x1b.html", "birds/list.html", ""),
            *("Slot", "----", "nav", "foot"),
        ]
        cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
        assert cells[2:6] == [
            ["admin.html", "plugin 'admin'", "a DictLoader"],
            ["base.html", "the application", "templates/base.html", "plugin 'admin'"],
            ["birds\\x1b.html", "blueprint 'birds' of the application", "of-blueprint/birds\\x1b.html"],
            ["birds/list.html", "the application", "templates/birds/list.html"],
        ]
        assert cells[9:] == [["nav", "base.html", "admin"], ["foot", "base.html"]]

    def test_chosen(self, app: Cocopot) -> None:
        """Only what shadows others, or only some; a name that does not exist is an error."""
        assert "list.html" not in run(app, "templates", "--shadowed")
        assert "base.html" not in run(app, "templates", "admin.html")
        assert "There is no template 'nowhere.html'." in run(app, "templates", "nowhere.html", code=1)

    def test_json(self, app: Cocopot, tmp_path: Path) -> None:
        """The same data for programs."""
        document = json.loads(run(app, "templates", "--json", "base.html"))
        nothing = {"distribution": None, "version": None, "blueprint": None}
        assert document["templates"] == [
            {
                "template": "base.html",
                "file": f"{tmp_path}/templates/base.html",
                "loader": "FileSystemLoader",
                "plugin": None,
                **nothing,
                "slots": ["nav", "foot"],
                "shadows": [{"file": None, "loader": "DictLoader", "plugin": "admin", **nothing}],
            }
        ]
        assert document["slots"][0] == {"slot": "nav", "templates": ["base.html"], "contributions": ["admin"]}

    def test_files_of_a_loader(self, make_app: MakeApp, tmp_path: Path) -> None:
        """A loader of the application that has files shows them."""
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "a.html").write_text("a")
        app: Any = make_app()
        app.jinja_loader = FileSystemLoader([tmp_path / "none", tmp_path / "other"])
        document = json.loads(run(app, "templates", "--json"))
        assert [found["file"] for found in document["templates"]] == [str(tmp_path / "other" / "a.html")]

    def test_nothing(self, make_app: MakeApp) -> None:
        """An application without templates has none to list."""
        assert run(make_app(), "templates") == "There are no templates.\n"
        assert run(make_app(), "templates", "--shadowed") == "No template shadows another one.\n"


def findings(app: Cocopot) -> list[dict[str, Any]]:
    """Return what `cocopot check` finds about plugins and templates."""
    result = CliRunner().invoke(main, ["check", "--json"], obj=AppLoader(create_app=lambda: app))
    return [f for f in json.loads(result.stdout)["findings"] if f["kind"] in {"plugin", "application"}]


class TestCheck:
    def test_a_slot_that_no_template_has(self, app: Cocopot) -> None:
        """It is reported with the plugin, and with the template that had it, which another one shadows."""
        (finding,) = findings(app)
        assert finding["severity"] == "warning"
        assert finding["plugin"] == "admin"
        assert finding["problem"] == "Plugin 'admin' contributes to the slot 'side', which no template has."
        assert finding["cure"] == (
            "The template 'base.html' has it where it is shadowed by that of the application: "
            'add {{ slot("side") }} to the one that is used.'
        )

    @pytest.mark.parametrize(
        ("body", "reported"),
        [
            ("'x' if slot == 'nvv' else None", ["nvv"]),
            ("'x' if 'nvv' == slot else None", ["nvv"]),
            ("'x' if slot in ('nav', 'nvv') else None", ["nvv"]),
            ("{'nav': 'x', 'nvv': 'x'}.get(slot)", ["nvv"]),
            ("TABLE.get(slot)", ["odd"]),
            ("TABLE[slot] if slot in TABLE else None", ["odd"]),
            ("'x' if slot == NAME else None", ["other"]),
            ("'x' if slot != 'nav' else None", []),
            ("f'every slot, {slot}'", []),
        ],
    )
    def test_forms(self, make_app: MakeApp, tmp_path: Path, body: str, reported: list[str]) -> None:
        """The slots are read from the function, in whichever way it compares them."""
        source = f"""
from cocopot import hookimpl

TABLE, NAME = {{"nav": "x", "odd": "x"}}, "other"
plugin_name = "filler"


@hookimpl
def jinja_slot(slot):
    return {body}
"""
        file = tmp_path / "filler.py"
        file.write_text(source)
        spec = importlib.util.spec_from_file_location("filler", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found = findings(make_app({"base.html": BASE}, module))
        assert [f["problem"].split("'")[3] for f in found] == reported

    def test_match(self, make_app: MakeApp) -> None:
        """A `match` statement is read, too, and the nearest name is suggested."""

        class Filler:
            plugin_name = "filler"

            @hookimpl
            def jinja_slot(self, slot: str) -> str | None:
                match slot:
                    case "nav" | "foott":
                        return "x"
                return None

        (finding,) = findings(make_app({"base.html": BASE}, Filler()))
        assert "the slot 'foott'" in finding["problem"]
        assert finding["cure"] == "Did you mean 'foot'? The slots are: foot, nav."

    def test_declared(self, make_app: MakeApp) -> None:
        """A plugin that computes the names declares them."""

        class Filler:
            plugin_name = "filler"
            jinja_slots = ("nav", "gone")

            @hookimpl
            def jinja_slot(self, slot: str) -> str | None:
                return slot if slot in self.jinja_slots else None

        (finding,) = findings(make_app({"base.html": BASE}, Filler()))
        assert "the slot 'gone'" in finding["problem"]

    def test_computed_slots(self, make_app: MakeApp) -> None:
        """Where a template computes the name of a slot, no contribution is known to be lost."""
        app = make_app({"base.html": "{{ slot(name) }}", "admin.html": "{{ 1 }}"}, Admin())
        assert findings(app) == []

    def test_templates_that_cannot_be_compiled(self, make_app: MakeApp) -> None:
        """Each is reported with its line, its owner and its file; what is not a template is not read."""
        files = {"broken.html": "a\n{% if %}", "filter.html": "{{ 1|nofilter }}", "good.html": "{{ 1 }}"}
        app = make_app(files)
        Path(app.root_path, "templates", "logo.png").write_bytes(b"\x89PNG\xff{% if %}")
        first, second = findings(app)
        assert first["problem"].startswith(
            "The template 'broken.html' of the application cannot be compiled: "
        )
        assert first["place"].endswith("templates/broken.html:2")
        assert (first["severity"], first["plugin"]) == ("error", None)
        assert "No filter named 'nofilter'" in second["problem"]

    def test_templates_that_cannot_be_listed(self, make_app: MakeApp) -> None:
        """Where a loader does not list its templates, or is another one, nothing is reported."""
        listed: Any = make_app({"base.html": BASE}, Admin())
        listed.jinja_loader = FunctionLoader(lambda name: None)
        other: Any = make_app({"base.html": BASE}, Admin())
        other.create_global_jinja_loader = lambda: DictLoader({"a": "{% if %}"})
        assert (findings(listed), findings(other)) == ([], [])

    def test_nothing_wrong(self, make_app: MakeApp) -> None:
        """An application in which all fits has no finding."""
        assert findings(make_app({"base.html": BASE + '{{ slot("side") }}'}, Admin())) == []
