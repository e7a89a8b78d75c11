"""The folders with templates, in search order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, PluginError, hookimpl, render_template
from cocopot.testing import installed_plugin, make_app
from tests.template_engines import Braces

if TYPE_CHECKING:
    from collections.abc import Iterable

PLUGIN = """
from cocopot import Blueprint, hookimpl

requires = {requires!r}

@hookimpl
def cocopot_setup(app):
    app.add_template_folder("pages")
    app.register_blueprint(Blueprint("{name}_pages", __name__, template_folder="more"))
"""


class Setup:
    """A plugin that adds a folder."""

    def __init__(self, name: str, *folders: Path | str) -> None:
        self.plugin_name, self._folders = name, folders

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        for folder in self._folders:
            app.add_template_folder(folder)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Return folders that all have a template `page.html`, with the folder's name in it."""
    made = [tmp_path / name for name in ("templates", "blueprint", "outer", "inner", "theme")]
    for folder in made:
        folder.mkdir()
        (folder / "page.html").write_text(folder.name)
    return made


def owners(app: Cocopot) -> list[tuple[str, str]]:
    return [(Path(folder.path).name, folder.owner) for folder in app.iter_template_folders()]


def page(app: Cocopot) -> str:
    with app.app_context():
        return render_template("page.html")


def test_the_order_is_the_onions(folders: list[Path]) -> None:
    """The application is first, then its blueprints, then the plugin that was loaded last."""
    templates, blueprint, outer, inner, theme = folders
    app = make_app(Setup("a", outer), Setup("b", inner), Braces(), root_path=str(templates.parent))
    app.register_blueprint(Blueprint("shop", __name__, template_folder=blueprint))
    app.add_template_folder("theme")
    assert owners(app) == [
        ("templates", "the application"),
        ("theme", "the application"),
        ("blueprint", "blueprint 'shop' of the application"),
        ("inner", "plugin 'b'"),
        ("outer", "plugin 'a'"),
    ]
    found = []
    for folder in (templates, theme, blueprint, inner, outer):
        found.append(page(app))
        (folder / "page.html").unlink()
    assert found == ["templates", "theme", "blueprint", "inner", "outer"]


def test_installed_plugins(tmp_path: Path) -> None:
    """A relative folder of a plugin, or of its blueprint, is beside its module; distributions are known."""
    base, admin = PLUGIN.format(name="base", requires=()), PLUGIN.format(name="admin", requires=("base",))
    with (
        installed_plugin("base", base, distribution="birds", version="1.0") as first,
        installed_plugin("admin", admin, distribution="office", version="2.0") as second,
    ):
        (first.path / "pages").mkdir()
        (second.path / "pages").mkdir()
        app = Cocopot("shop", autoload={"base", "admin"}, root_path=str(tmp_path))
    assert owners(app)[1:] == [
        ("pages", "plugin 'admin' (office 2.0)"),
        ("more", "blueprint 'admin_pages' of plugin 'admin' (office 2.0)"),
        ("pages", "plugin 'base' (birds 1.0)"),
        ("more", "blueprint 'base_pages' of plugin 'base' (birds 1.0)"),
    ]
    paths = [str(plugin.path / folder) for plugin in (second, first) for folder in ("pages", "more")]
    assert [folder.path for folder in app.iter_template_folders()][1:] == paths


def test_nested_blueprints(tmp_path: Path) -> None:
    """Each blueprint is listed by its full name, the outer one first, and a folder once."""
    outer = Blueprint("outer", __name__, template_folder=tmp_path / "a")
    outer.register_blueprint(Blueprint("inner", __name__, template_folder=tmp_path / "b"))
    app = Cocopot("shop", autoload=False, template_folder=None)
    app.register_blueprint(outer)
    app.register_blueprint(outer, name="again")
    assert owners(app) == [
        ("a", "blueprint 'outer' of the application"),
        ("b", "blueprint 'outer.inner' of the application"),
    ]


@pytest.mark.parametrize(("folder", "names"), [("pages", ["pages"]), (Path("x") / "y", ["y"]), (None, [])])
def test_the_folder_of_an_application(folder: Any, names: list[str]) -> None:
    """It is relative to the root path, need not exist, and may be none."""
    app = Cocopot("shop", autoload=False, template_folder=folder)
    assert [Path(found.path).name for found in app.iter_template_folders()] == names
    assert all(Path(found.path).is_relative_to(app.root_path) for found in app.iter_template_folders())


def test_a_folder_that_does_not_exist() -> None:
    """A plugin whose folder was forgotten in its wheel cannot be set up; the error has the path."""
    with pytest.raises(PluginError, match="failed in cocopot_setup: FileNotFoundError") as caught:
        make_app(Setup("admin", "nowhere"))
    assert f"The template folder {Path(__file__).parent / 'nowhere'} does not exist." in str(caught.value)
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        make_app().add_template_folder("nowhere")


def test_a_plugin_that_is_gone(folders: list[Path]) -> None:
    """The folders of a plugin that is unregistered, or that fails in its setup, are not searched."""
    app = make_app(Setup("a", folders[2]), Setup("b", folders[3], "nowhere"), plugin_errors="warn")
    assert owners(app)[1:] == [("outer", "plugin 'a'")]
    app.plugins.unregister(name="a")
    assert owners(app)[1:] == []


def test_a_class_of_another_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is beside the module that implements `cocopot_setup`, not beside that of a subclass."""
    (tmp_path / "base_of_plugin.py").write_text(
        "from cocopot import hookimpl\n"
        "class Base:\n"
        "    @hookimpl\n"
        "    def cocopot_setup(self, app):\n"
        "        app.add_template_folder('pages')\n"
    )
    (tmp_path / "pages").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    base: type = __import__("base_of_plugin").Base
    app = make_app(type("Derived", (base,), {"__module__": __name__})())
    assert [folder.path for folder in app.iter_template_folders()][1:] == [str(tmp_path / "pages")]


def test_after_the_first_request(tmp_path: Path) -> None:
    """It is too late."""
    app = make_app()
    app.start()
    with pytest.raises(RuntimeError, match=r"add_template_folder\(\) was called"):
        app.add_template_folder(tmp_path)


def test_shadowed_templates(folders: list[Path]) -> None:
    """The folders that have a template show which one is used, and which ones are shadowed."""
    app = make_app(Setup("a", folders[2]), Setup("b", folders[3]), template_folder=None)

    def having(name: str) -> Iterable[str]:
        return [folder.owner for folder in app.iter_template_folders() if folder.find(name)]

    assert having("page.html") == ["plugin 'b'", "plugin 'a'"]
    assert having("nowhere.html") == []
