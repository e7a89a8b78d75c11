"""Plugins that may be loaded: installed ones, and those that an application passes in."""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import importlib_metadata
import pytest

from cocopot import Cocopot, PluginError, hookimpl
from cocopot.cli.plugin_reports import report_plugins
from cocopot.hooks.candidates import Candidate, explicit_candidates, installed, unreadable
from cocopot.hooks.distributions import GROUP
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

CORS = Candidate("cors", "cocopot_cors:CORS", "cocopot-cors", "1.2")
EXPLICIT = Candidate("notes.audit", explicit=SimpleNamespace())


def test_explicit_plugins_get_distinct_names() -> None:
    """A plugin is named by `plugin_name`, module or class; a second one of a name gets a number."""
    named, module = SimpleNamespace(plugin_name="own"), pytest
    candidates = explicit_candidates([named, module, SimpleNamespace, SimpleNamespace(), SimpleNamespace()])
    names = [candidate.name for candidate in candidates]
    assert names == [
        "own",
        "pytest",
        "types.SimpleNamespace",
        "types.SimpleNamespace (2)",
        "types.SimpleNamespace (3)",
    ]


def test_an_error_states_the_origin_of_a_plugin_and_the_cure() -> None:
    """An error of an installed plugin names distribution, version and entry point."""
    error = CORS.error("is out of order.", reason="setup", hook="cocopot_setup")
    assert str(error).splitlines() == [
        "Plugin 'cors' (cocopot-cors 1.2, cocopot_cors:CORS) is out of order.",
        'To go on without it, pass disable={"cors"} or set COCOPOT_DISABLE_PLUGINS=cors.',
    ]
    assert (error.plugin, error.distribution, error.version) == ("cors", "cocopot-cors", "1.2")
    assert (error.entry_point, error.hook) == ("cocopot_cors:CORS", "cocopot_setup")


def test_an_error_of_an_explicit_plugin_names_no_distribution() -> None:
    """What is not known is `None`, and not in the text."""
    error = EXPLICIT.error("is out of order.", reason="setup")
    assert str(error).startswith("Plugin 'notes.audit' is out of order.\n")
    assert (error.distribution, error.version, error.entry_point, error.hook) == (None, None, None, None)


def test_an_explicit_class_is_instantiated_and_an_object_is_not() -> None:
    """Loading makes an instance of a class, each time a new one, and returns anything else as it is."""

    class Plugin:
        pass

    candidate = Candidate("notes.Plugin", explicit=Plugin)
    first, second = candidate.load(), candidate.load()
    assert isinstance(first, Plugin)
    assert first is not second
    assert EXPLICIT.load() is EXPLICIT.explicit


# -------------------------------------------------------------------------
# What is installed
# -------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """Two folders at the beginning of `sys.path`."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    monkeypatch.setattr(sys, "path", [str(first), str(second), *sys.path])
    installed.cache_clear()
    yield first, second
    installed.cache_clear()


def distribute(folder: Path, value: str, info: str = "tea-1.0.dist-info", name: str = "tea") -> None:
    """Write the metadata of a distribution that names the plugin `tea`."""
    file = "PKG-INFO" if info.endswith((".egg-info", "EGG-INFO")) else "METADATA"
    place = folder / info
    place.mkdir(parents=True)
    place.joinpath(file).write_text(f"Name: {name}\nVersion: 1.0\n", encoding="utf-8")
    place.joinpath("entry_points.txt").write_text(f"[{GROUP}]\ntea = {value}\n", encoding="utf-8")


def found() -> list[str]:
    """Return the values of the plugins named `tea`, after a comparison with the library's own search."""
    values = tea()
    points = importlib_metadata.entry_points(group=GROUP)
    candidates = [(candidate.name, candidate.value) for candidate in installed()]
    assert candidates == sorted((point.name, point.value) for point in points)
    return values


def tea() -> list[str]:
    """Return the values of the plugins named `tea`, read again."""
    importlib.invalidate_caches()
    installed.cache_clear()
    return [candidate.value for candidate in installed() if candidate.name == "tea"]


@pytest.mark.parametrize(
    "info", ["tea-1.0.dist-info", "tea.egg-info", "tea-1.0-py3.11.egg-info", "Tea-2.dist-info"]
)
def test_the_first_distribution_of_a_name_hides_the_others(info: str, folders: tuple[Path, Path]) -> None:
    """As with modules, what is earlier on `sys.path` counts; also if it names no plugin any more."""
    first, second = folders
    distribute(second, "second_tea", info=info)
    assert found() == ["second_tea"]
    distribute(first, "first_tea")
    assert found() == ["first_tea"]
    first.joinpath("tea-1.0.dist-info", "entry_points.txt").unlink()
    assert found() == []


def test_two_names_are_two_distributions(folders: tuple[Path, Path]) -> None:
    """Whoever provides a plugin of the same name is found too, for the error that names both."""
    distribute(folders[0], "green_tea", info="green_tea-1.0.dist-info", name="green-tea")
    distribute(folders[1], "black_tea", info="Black.Tea-1.0.dist-info", name="Black.Tea")
    assert found() == ["black_tea", "green_tea"]


def test_what_a_removal_has_left_hides_nothing(folders: tuple[Path, Path]) -> None:
    """A distribution without metadata counts only if no complete one has its name."""
    for folder in folders:
        distribute(folder, f"{folder.name}_tea")
    folders[0].joinpath("tea-1.0.dist-info", "METADATA").unlink()
    assert tea() == ["second_tea"]
    folders[1].joinpath("tea-1.0.dist-info", "METADATA").unlink()
    assert tea() == ["first_tea"]


def test_a_distribution_in_an_archive_is_found(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry of `sys.path` may be a zip file, or an egg."""
    distribute(folders[0], "zipped_tea")
    archive = shutil.make_archive(str(folders[1] / "packed"), "zip", folders[0])
    monkeypatch.setattr(sys, "path", [archive, *sys.path[2:]])
    assert found() == ["zipped_tea"]
    distribute(folders[1], "egg_tea", info="coffee-2.0.egg/EGG-INFO", name="coffee")
    sys.path.insert(1, str(folders[1] / "coffee-2.0.egg"))
    assert found() == ["egg_tea", "zipped_tea"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[cocopot.plugins]\ncoffee\n", "a line has no '='"),
        (b"[cocopot.plugins]\ncoffee = \xff\n", "'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_a_distribution_that_cannot_be_read_stops_no_plugin(
    text: bytes, reason: str, folders: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    """Its entry points are passed over, with one warning that names it; those of others are found."""
    distribute(folders[0], "green_tea")
    distribute(folders[1], "", info="coffee-2.0.dist-info", name="coffee")
    folders[1].joinpath("coffee-2.0.dist-info", "entry_points.txt").write_bytes(text)
    assert tea() == ["green_tea"]
    assert Cocopot("shop", autoload={"cors"}).plugins.has_plugin("cors")
    (record,) = caplog.records
    message = record.getMessage()
    assert message.startswith(f"The entry points of the distribution coffee 1.0 cannot be read: {reason}")
    assert str(folders[1]) in message
    assert [str(error) for error in unreadable()] == [message]


class Provider(importlib_metadata.DistributionFinder):
    """Finds one distribution that is not a file, and records where it was reported to search."""

    class Distribution(importlib_metadata.Distribution):
        FILES: ClassVar = {
            "METADATA": "Name: Tea\nVersion: 7\n",
            "entry_points.txt": f"[{GROUP}]\ntea = provided_tea\n",
        }

        def read_text(self, filename: str) -> str | None:
            return self.FILES.get(filename)

        def locate_file(self, path: Any) -> Path:
            return Path(path)

    def __init__(self) -> None:
        self.paths: list[str] = []

    def find_distributions(self, context: Any = None) -> list[importlib_metadata.Distribution]:
        self.paths += context.path
        return [self.Distribution()]

    def find_spec(self, *args: Any) -> None:
        """It finds no modules."""


def test_another_finder_is_searched(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Distributions of other finders count as those in folders do; places that no code has are skipped."""
    provider = Provider()
    missing, too_long = str(folders[0] / "missing.zip"), "x" * 10_000
    monkeypatch.setattr(sys, "path", ["", missing, too_long, *sys.path[:1]])
    monkeypatch.chdir(folders[1])
    monkeypatch.setattr(sys, "meta_path", [provider, *sys.meta_path])
    distribute(folders[1], "hidden_tea")
    (candidate,) = installed()
    assert (candidate.value, candidate.distribution, candidate.version) == ("provided_tea", "Tea", "7")
    assert provider.paths == ["", str(folders[0])]


# -------------------------------------------------------------------------
# Plugins that are there twice
# -------------------------------------------------------------------------


class Visits:
    """A plugin that counts how often it is set up."""

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        app.config["VISITS"] = app.config.get("VISITS", 0) + 1


VISITS = Visits()
MODULE = ModuleType("visits_plugin")
MODULE.__file__ = "/visits_plugin.py"
TWIN = ModuleType("shop.visits_plugin")
TWIN.__file__ = "/visits_plugin.py"
MODULE.requires = TWIN.requires = ()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "plugins",
    [
        (Visits, Visits),
        (VISITS, VISITS),
        (Visits, VISITS),
        (VISITS, Visits),
        (MODULE, MODULE),
        (MODULE, TWIN),
    ],
)
def test_a_plugin_that_is_passed_twice_is_an_error(
    plugins: tuple[object, object], caplog: pytest.LogCaptureFixture
) -> None:
    """Class, instance and module, also a class with its instance; with `warn`, the second one is skipped."""
    with pytest.raises(PluginError, match="is the same object, class or module as plugin '") as caught:
        Cocopot(__name__, autoload=False, plugins=plugins)
    assert caught.value.reason == "duplicate"
    app = Cocopot(__name__, autoload=False, plugins=plugins, plugin_errors="warn")
    assert len(app.plugins.records("plugin")) == 1
    assert "It is skipped." in caplog.text


def test_two_instances_of_a_class_are_two_plugins() -> None:
    """They may have other arguments; the second one's name has a number."""
    app = Cocopot(__name__, autoload=False, plugins=[Visits(), Visits()])
    assert app.config["VISITS"] == 2


SOURCE = """
    from cocopot import hookimpl

    class Timing:
        @hookimpl
        def cocopot_setup(self, app):
            app.config["SET_UP"] = app.config.get("SET_UP", 0) + 1

    plugin = Timing()
"""


@pytest.mark.parametrize(
    ("entry_point", "passed"),
    [("Timing", "Timing"), ("Timing", "plugin"), ("plugin", "plugin"), ("plugin", "Timing"), ("", "")],
)
def test_a_plugin_that_is_installed_and_passed(entry_point: str, passed: str) -> None:
    """The installed one is replaced; the one that was passed has its name, for those that require it."""
    needs = SimpleNamespace(plugin_name="report", requires=("timing",))
    value = f"cocopot_timing:{entry_point}".rstrip(":")
    with installed_plugin("timing", SOURCE, entry_point=value):
        module = importlib.import_module("cocopot_timing")
        plugin = getattr(module, passed) if passed else module
        app = Cocopot(__name__, autoload={"timing"}, plugins=[needs, plugin])
        states = {(report.name, report.source): report.state for report in report_plugins(app.plugins)}
    assert app.config.get("SET_UP", 1) == 1
    assert [record.name for record in app.plugins.records("plugin")] == ["timing", "report"]
    assert app.plugins.records_by_name["timing"].distribution == "cocopot-timing"
    assert states["timing", "passed"] == "loaded"
    assert states["timing", "installed"] == "replaced"


def test_a_distribution_with_two_names_for_one_class() -> None:
    """It would be set up twice, so that it is an error with both names."""
    names = {"timer": "cocopot_timing:Timing", "timing": "cocopot_timing:Timing"}
    with (
        installed_plugin(names, SOURCE, distribution="cocopot-timing"),
        pytest.raises(
            PluginError, match=r"^Plugin 'timing' .* is the same .* as plugin 'timer' \(cocopot-timing"
        ),
    ):
        Cocopot(__name__, autoload={"timer", "timing"})


@pytest.mark.parametrize("name", ["half,x", "all", "none", "Half Plugin", "1st"])
def test_a_name_that_no_variable_can_contain(name: str) -> None:
    """An entry point of that name is refused; it can be disabled."""
    with installed_plugin(name, SOURCE, distribution="cocopot-timing", entry_point="cocopot_timing:Timing"):
        with pytest.raises(PluginError, match="has a name that COCOPOT_PLUGINS") as caught:
            Cocopot(__name__, autoload={name})
        assert caught.value.plugin == name
        Cocopot(__name__, autoload={name}, disable={name})


@pytest.mark.parametrize("name", ["half,x", "all", "none", " x", ""])
def test_a_passed_name_that_no_variable_can_contain(name: str) -> None:
    """So is the `plugin_name` of a plugin that is passed."""
    with pytest.raises(PluginError, match="has a name that COCOPOT_PLUGINS"):
        Cocopot(__name__, autoload=False, plugins=[SimpleNamespace(plugin_name=name)])


UNUSABLE_NAMES = ["half,x", "all", "none", " x", "a b", "a\nb", "", 5, None, b"x", True]


@pytest.mark.parametrize("name", UNUSABLE_NAMES)
def test_a_name_that_cannot_be_used_is_rejected_early_and_late(name: Any) -> None:
    """A `plugin_name` that is not a string, or that no variable can contain, names class and value."""

    class Half:
        plugin_name = name

    for plugin in (Half, Half()):
        with pytest.raises(PluginError, match=f"Half' has .*plugin_name = {re.escape(repr(name))}") as caught:
            Cocopot(__name__, autoload=False, plugins=[plugin])
        assert caught.value.reason == "declaration"
    app = Cocopot(__name__, autoload=False, plugins=[Half], plugin_errors="warn")
    assert app.plugins.records("plugin") == []
    with pytest.raises(PluginError, match=r"Half' has .*plugin_name = "):
        app.plugins.register(Half())
    assert app.plugins.register(Half(), "half") == "half"


@pytest.mark.parametrize("name", [name for name in UNUSABLE_NAMES if name is not None])
def test_a_name_that_is_passed_to_register(name: Any) -> None:
    """It is held to the same rule."""
    app = Cocopot(__name__, autoload=False)
    with pytest.raises(PluginError, match=f"SimpleNamespace' has .*name = {re.escape(repr(name))}"):
        app.plugins.register(SimpleNamespace(), name)
    assert app.plugins.records("plugin") == []


def test_a_name_that_is_a_property() -> None:
    """An instance has it; of a class that is passed, it is not read."""

    class Named:
        @property
        def plugin_name(self) -> str:
            return "named"

    for plugin, name in ((Named(), "named"), (Named, f"{__name__}.{Named.__qualname__}")):
        app = Cocopot(__name__, autoload=False, plugins=[plugin])
        assert [record.name for record in app.plugins.records("plugin")] == [name]
