"""The search path: the application first, then the plugins from the inside of the onion to its outside."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_jinja import Jinja, environment_of
from jinja2 import BaseLoader, ChoiceLoader, DictLoader, TemplateNotFound

from cocopot import Blueprint, Cocopot, hookimpl, render_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeApp = Callable[..., Cocopot]


def rendered(app: Cocopot, name: str) -> str:
    with app.app_context():
        return render_template(name)


def with_folder(name: str, folder: Path, *requires: str, **texts: str) -> object:
    """Return a plugin with a template folder."""
    folder = folder / f"of-{name}"
    folder.mkdir()
    for file, text in texts.items():
        (folder / file).write_text(text)

    class Plugin:
        plugin_name = name

        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            app.add_template_folder(folder)

    plugin: Any = Plugin()
    plugin.requires = requires
    return plugin


def with_loader(name: str, **texts: str) -> object:
    """Return a plugin with a loader."""

    class Plugin:
        plugin_name = name

        @hookimpl
        def jinja_loader(self) -> BaseLoader:
            return DictLoader(texts)

    return Plugin()


def test_order(make_app: MakeApp, tmp_path: Path) -> None:
    """Application, its blueprints, then the plugin that requires another one, then that one."""
    outer = with_folder("base", tmp_path, a="base", b="base", c="base", d="base")
    inner = with_folder("admin", tmp_path, "base", a="admin", b="admin", c="admin")
    app = make_app({"a": "application"}, outer, inner)
    (tmp_path / "bp").mkdir()
    (tmp_path / "bp" / "a").write_text("blueprint")
    (tmp_path / "bp" / "b").write_text("blueprint")
    app.register_blueprint(Blueprint("birds", __name__, template_folder=str(tmp_path / "bp")))
    texts = [rendered(app, name) for name in "abcd"]
    assert texts == ["application", "blueprint", "admin", "base"]


def test_loaders_of_plugins(make_app: MakeApp, tmp_path: Path) -> None:
    """A loader comes after the folders of its own plugin, and before those of the plugins outside of it."""

    class Both:
        plugin_name = "zoo"

        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            app.add_template_folder(tmp_path / "of-folder")

        @hookimpl
        def jinja_loader(self) -> BaseLoader:
            return DictLoader({"a": "zoo loader", "b": "zoo loader"})

    (tmp_path / "of-folder").mkdir()
    (tmp_path / "of-folder" / "a").write_text("zoo folder")
    app = make_app({}, with_loader("ant", a="ant", b="ant", c="ant"), Both())
    assert [rendered(app, name) for name in "abc"] == ["zoo folder", "zoo loader", "ant"]


def test_a_wrong_loader(make_app: MakeApp) -> None:
    """What is not a loader is blamed on the plugin that returned it."""

    class Wrong:
        plugin_name = "wrong"

        @hookimpl
        def jinja_loader(self) -> str:
            return "/templates"

    with pytest.raises(
        TypeError, match=r"Plugin 'wrong' returned a 'str' from jinja_loader; return a jinja2"
    ):
        rendered(make_app({}, Wrong()), "a")


def test_the_loader_of_the_application(make_app: MakeApp) -> None:
    """An assigned `jinja_loader` takes the place of the template folder, or is added to it."""
    app: Any = make_app({"a": "folder", "b": "folder"})
    app.jinja_loader = ChoiceLoader([DictLoader({"a": "dict"}), app.jinja_loader])
    assert (rendered(app, "a"), rendered(app, "b")) == ("dict", "folder")
    app = make_app({"a": "folder"})
    app.jinja_loader = DictLoader({"c": "dict"})
    assert rendered(app, "c") == "dict"
    with pytest.raises(TemplateNotFound):
        rendered(app, "a")


def test_the_loader_of_a_blueprint(make_app: MakeApp) -> None:
    """A blueprint may have a loader in place of a folder."""
    app = make_app({"a": "application"}, with_loader("ant", a="ant", b="ant"))
    blueprint: Any = Blueprint("birds", __name__)
    blueprint.jinja_loader = DictLoader({"a": "blueprint", "b": "blueprint"})
    app.register_blueprint(blueprint)
    assert (rendered(app, "a"), rendered(app, "b")) == ("application", "blueprint")


def test_another_global_loader(make_app: MakeApp) -> None:
    """A subclass may replace the search altogether, as in Flask."""

    class Birds(Cocopot):
        def create_global_jinja_loader(self) -> BaseLoader:
            return DictLoader({"a": "dict {{ 1/x }}"})

    app = make_app({"a": "file"}, cls=Birds)
    with app.app_context():
        assert render_template("a", x=1) == "dict 1.0"
        with pytest.raises(ZeroDivisionError) as caught:
            render_template("a", x=0)
    assert caught.value.__notes__ == [
        "In line 1 of the template 'a'.",
        "While rendering the template 'a'.",
    ]


def test_without_a_folder() -> None:
    """An application without a template folder has no loader, and no templates."""
    app: Any = Cocopot("birds", autoload=False, plugins=[Jinja], template_folder=None)
    assert app.jinja_loader is None
    with pytest.raises(TemplateNotFound):
        rendered(app, "a")


def test_added_late(make_app: MakeApp, tmp_path: Path) -> None:
    """A blueprint that is registered after a template was rendered is searched as well."""
    app = make_app({"a": "application"})
    assert rendered(app, "a") == "application"
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "b").write_text("late")
    app.register_blueprint(Blueprint("late", __name__, template_folder=str(tmp_path / "late")))
    assert rendered(app, "b") == "late"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "..\\secret", "a\0b", ""])
def test_outside_of_the_folders(make_app: MakeApp, tmp_path: Path, name: str) -> None:
    """No name leads out of a folder."""
    (tmp_path / "secret").write_text("secret")
    with pytest.raises((TemplateNotFound, ValueError, IsADirectoryError)):
        rendered(make_app({"a/b": ""}), name)


def test_explanations(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """With EXPLAIN_TEMPLATE_LOADING each search is logged: every place, the winner, and what it shadows."""
    app = make_app({"a": "application"}, with_loader("ant", a="ant"), config={"EXPLAIN_TEMPLATE_LOADING": 1})
    app.logger.propagate = True
    with caplog.at_level(logging.INFO):
        rendered(app, "a")
        with pytest.raises(TemplateNotFound):
            rendered(app, "nowhere")
    found, missing = (record.getMessage() for record in caplog.records)
    assert found.splitlines() == [
        "Searching for the template 'a':",
        f"  1. the application, {app.root_path}/templates: found",
        "  2. plugin 'ant', a DictLoader: found, and shadowed",
    ]
    assert missing.endswith("It is in none of them.")


def test_reload(make_app: MakeApp, tmp_path: Path) -> None:
    """A changed file is loaded again in debug mode, or as TEMPLATES_AUTO_RELOAD is set."""
    for reload, config in ((False, {}), (True, {"DEBUG": True}), (True, {"TEMPLATES_AUTO_RELOAD": True})):
        app = make_app({"a": "old"}, config=config)
        assert rendered(app, "a") == "old"
        (tmp_path / "templates" / "a").write_text("new text")
        assert rendered(app, "a") == ("new text" if reload else "old")
        assert environment_of(app).auto_reload is reload
