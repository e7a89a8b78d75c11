from __future__ import annotations

import graphlib
import importlib
import itertools
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import importlib_metadata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocopot import Cocopot
from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import GROUP, Candidate, given_candidates, installed, unreadable
from cocopot.hooks.ordering import CircleError, declared_names, load_order
from cocopot.hooks.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CORS = Candidate("cors", "cocopot_cors:CORS", "cocopot-cors", "1.2")
SESSION = Candidate("session", "cocopot_session", "cocopot-session", "0.9")
GIVEN = Candidate("notes.audit", given=SimpleNamespace())
NAMES = st.sampled_from(["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf"])
GRAPHS = st.dictionaries(NAMES, st.sets(NAMES, max_size=3))
WRONG_DECLARATIONS = ["session", None, {"session"}, 5, ("session", 5), (b"session",)]


@st.composite
def graphs_without_circles(draw: st.DrawFn) -> dict[str, set[str]]:
    """Draw for each of some names what it needs: only such as come before it in some hidden order."""
    hidden = draw(st.lists(NAMES, unique=True))
    needs = {
        name: draw(st.sets(st.sampled_from(hidden[:index]))) if index else set()
        for index, name in enumerate(hidden)
    }
    return {name: needs[name] for name in draw(st.permutations(hidden))}


def choose(autoload: Any = True, disable: Any = (), given: Any = (), **environ: str) -> list[str]:
    """Return the names that are chosen while CORS and SESSION are installed."""
    selection = Selection.make(autoload, disable, environ)
    return [candidate.name for candidate in selection.choose([CORS, SESSION], given)]


# -------------------------------------------------------------------------
# Selection
# -------------------------------------------------------------------------


@given(
    allowed=st.none() | st.frozensets(NAMES),
    disabled=st.frozensets(NAMES),
    disabled_by_variable=st.frozensets(NAMES),
)
def test_what_is_allowed_and_not_disabled_is_chosen(
    allowed: frozenset[str] | None, disabled: frozenset[str], disabled_by_variable: frozenset[str]
) -> None:
    """The choice is a matter of sets; who said what makes no difference."""
    installed = [
        Candidate(name) for name in ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf")
    ]
    environ = {"COCOPOT_DISABLE_PLUGINS": " , ".join(disabled_by_variable)}
    selection = Selection.make(True if allowed is None else allowed, disabled, environ)
    wanted = {candidate.name for candidate in installed} if allowed is None else allowed
    chosen = selection.choose(installed)
    assert {candidate.name for candidate in chosen} == wanted - disabled - disabled_by_variable


@given(st.lists(NAMES, min_size=1), st.sampled_from([",", " ,", " , ", ",,", ",\t"]))
def test_names_in_a_variable_are_stripped_of_blanks(names: list[str], separator: str) -> None:
    """Blanks and empty places between names do not matter."""
    selection = Selection.make(True, (), {"COCOPOT_PLUGINS": separator.join(names) + separator})
    assert selection.allowed == frozenset(names)


def test_the_variable_replaces_autoload_unless_that_is_false() -> None:
    """`COCOPOT_PLUGINS` says what is loaded, but not in an application that loads none by itself."""
    assert choose({"cors"}, COCOPOT_PLUGINS="session") == ["session"]
    assert choose({"cors"}, COCOPOT_PLUGINS="all") == ["cors", "session"]
    assert choose(COCOPOT_PLUGINS="none") == []
    assert choose(autoload=False, COCOPOT_PLUGINS="all") == []


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the variables of the process are read."""
    monkeypatch.setenv("COCOPOT_PLUGINS", "cors")
    monkeypatch.setenv("COCOPOT_DISABLE_PLUGINS", "session")
    selection = Selection.make(autoload=True, disable=())
    assert (selection.allowed, selection.allowed_by) == (frozenset({"cors"}), "COCOPOT_PLUGINS")
    assert selection.disabled == {"session": "COCOPOT_DISABLE_PLUGINS"}


@pytest.mark.parametrize("argument", ["autoload", "disable"])
def test_a_string_in_place_of_names_is_refused(argument: str) -> None:
    """A plain string would be taken for a set of letters; the error shows what is meant."""
    with pytest.raises(TypeError, match=re.escape(f"{argument}={{'cors'}}")):
        choose(**{argument: "cors"})


def test_given_plugins_need_no_permission_but_can_be_disabled() -> None:
    """What an application gives by hand is loaded whatever is allowed, unless it is disabled."""
    assert choose(autoload=False, given=[GIVEN]) == ["notes.audit"]
    assert choose({"cors"}, given=[GIVEN]) == ["notes.audit", "cors"]
    assert choose({"cors"}, {"notes.audit"}, [GIVEN]) == ["cors"]


def test_a_given_plugin_satisfies_a_name_that_is_asked_for() -> None:
    """A name that is not installed is no error if the application gives a plugin of that name."""
    assert choose({"notes.audit", "cors"}, given=[GIVEN]) == ["notes.audit", "cors"]


def test_a_name_that_is_not_installed_says_what_is() -> None:
    """The error says who asked for the name, and suggests the nearest one."""
    with pytest.raises(PluginError) as caught:
        choose({"sesion"})
    assert str(caught.value).startswith(
        "Plugin 'sesion', named by autoload=, is not installed. Did you mean 'session'? "
        "Installed: cors, session. "
    )
    assert caught.value.plugin == "sesion"


def test_nothing_is_suggested_for_a_name_that_is_like_no_other() -> None:
    """A suggestion is made only where two names are close."""
    with pytest.raises(PluginError, match=r"is not installed\. Installed: cors, session\."):
        choose({"metrics"})


@pytest.mark.parametrize(
    ("autoload", "disable"),
    [(False, ()), ({"session"}, ()), (True, {"cors"})],
    ids=["none", "other", "disabled"],
)
def test_two_distributions_of_one_name_matter_only_if_it_is_wanted(autoload: Any, disable: Any) -> None:
    """A clash is an error where the name is to be loaded, and nowhere else."""
    other = Candidate("cors", "other_cors", "other-cors", "3.0")
    with pytest.raises(PluginError, match=r"cocopot-cors 1\.2 .* and other-cors 3\.0 "):
        Selection.make(True, (), {}).choose([CORS, other, SESSION])
    chosen = Selection.make(autoload, disable, {}).choose([CORS, other, SESSION])
    assert CORS not in chosen


def test_errors_can_be_collected_while_the_rest_is_chosen() -> None:
    """With `fail`, what a missing or an ambiguous name is about is left out, and everything else chosen."""
    errors: list[PluginError] = []
    twins = [Candidate("cache", f"cache_{number}", f"cache-{number}", "1.0") for number in range(3)]
    selection = Selection.make({"cors", "cache", "metrics"}, (), {})
    assert selection.choose([CORS, *twins, SESSION], fail=errors.append) == [CORS]
    assert [error.plugin for error in errors] == ["cache", "metrics"]
    assert str(errors[0]).startswith(
        "3 distributions bring a plugin named 'cache': cache-0 1.0 ('cache_0') and "
    )


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (Candidate("off"), ("disabled", "by disable=")),
        (Candidate("off", given=object()), ("disabled", "by disable=")),
        (Candidate("metrics"), ("not selected", "by autoload=")),
        (SESSION, ("replaced", "by an object of that name that the application hands over")),
        (CORS, None),
        (Candidate("metrics", given=object()), None),
    ],
)
def test_why_a_plugin_is_not_wanted(candidate: Candidate, expected: tuple[str, str] | None) -> None:
    """The selection says what became of a plugin that it does not choose, and what decided so."""
    selection = Selection.make({"cors", "session"}, {"off"}, {})
    assert selection.why_not(candidate, {"session"}) == expected


def test_a_given_plugin_stands_for_the_installed_one_of_its_name() -> None:
    """An application may pass its own instance of a plugin, and gets no second one."""
    same = Candidate("cors", given=SimpleNamespace())
    chosen = Selection.make(True, (), {}).choose([CORS, SESSION], [same])
    assert chosen == [same, SESSION]
    assert chosen[0].given is same.given


def test_given_plugins_are_named_and_told_apart() -> None:
    """A plugin is named by `plugin_name`, module or class; a second one of a name gets a number."""
    named, module = SimpleNamespace(plugin_name="own"), pytest
    candidates = given_candidates([named, module, SimpleNamespace, SimpleNamespace(), SimpleNamespace()])
    names = [candidate.name for candidate in candidates]
    assert names == [
        "own",
        "pytest",
        "types.SimpleNamespace",
        "types.SimpleNamespace (2)",
        "types.SimpleNamespace (3)",
    ]


# -------------------------------------------------------------------------
# Load order
# -------------------------------------------------------------------------


@given(graphs_without_circles())
def test_the_load_order_is_by_name_among_those_that_are_free(needs: dict[str, set[str]]) -> None:
    """Each place goes to the first name of those whose needs have all been loaded."""
    order = load_order(needs)
    for place, name in enumerate(order):
        loaded = set(order[:place])
        assert name == min(other for other in set(needs) - loaded if needs[other] <= loaded)
    assert sorted(order) == sorted(needs)


@given(graphs_without_circles(), st.randoms(use_true_random=False))
def test_the_load_order_depends_on_nothing_but_names_and_needs(
    needs: dict[str, set[str]], random: Any
) -> None:
    """The order in which plugins are found, and in which they write their needs, does not matter."""
    shuffled = {name: random.sample(sorted(needs[name]) * 2, 2 * len(needs[name])) for name in needs}
    names = random.sample(list(shuffled), len(shuffled))
    assert load_order({name: shuffled[name] for name in names}) == load_order(needs)


@given(graphs_without_circles())
def test_names_that_are_not_there_are_passed_over(needs: dict[str, set[str]]) -> None:
    """A need that nobody fills changes nothing."""
    assert load_order({name: {*others, "absent"} for name, others in needs.items()}) == load_order(needs)


@given(GRAPHS)
def test_a_circle_is_an_error_that_shows_a_real_one(needs: Mapping[str, set[str]]) -> None:
    """Where the standard library finds a circle, the error names one, each member once; elsewhere is none."""
    inside = {name: others & set(needs) for name, others in needs.items()}
    try:
        graphlib.TopologicalSorter(inside).prepare()
    except graphlib.CycleError:
        with pytest.raises(CircleError) as caught:
            load_order(needs)
        found = re.search(r"in a circle: (.*?)\. ", str(caught.value))
        assert found is not None
        circle = found[1].split(" -> ")
        assert circle[0] == circle[-1] == caught.value.plugin
        assert circle[:-1] == caught.value.members
        assert len(set(circle)) == len(circle) - 1
        assert all(after in needs[before] for before, after in itertools.pairwise(circle))
    else:
        assert set(load_order(needs)) == set(needs)


# -------------------------------------------------------------------------
# What plugins say, and what is said of them
# -------------------------------------------------------------------------


@pytest.mark.parametrize("names", [(), ("session",), ["session", "metrics"]])
def test_needs_are_a_tuple_or_a_list_of_names(names: Any) -> None:
    """What a plugin declares comes back as a tuple."""
    assert declared_names(CORS, SimpleNamespace(requires=names), "requires") == tuple(names)


def test_a_plugin_that_says_nothing_needs_nothing() -> None:
    """Without the attribute there are no names."""
    assert declared_names(CORS, SimpleNamespace(requires=("session",)), "after") == ()


@pytest.mark.parametrize("value", WRONG_DECLARATIONS, ids=repr)
def test_needs_of_another_kind_are_refused(value: object) -> None:
    """A plain string, above all, is no list of names; the error shows the value."""
    with pytest.raises(PluginError, match=re.escape(f"has after = {value!r}; it must be a tuple")) as caught:
        declared_names(CORS, SimpleNamespace(after=value), "after")
    assert caught.value.plugin == "cors"


def test_an_error_says_where_a_plugin_comes_from_and_how_to_go_on() -> None:
    """An error of an installed plugin names distribution, version and entry point."""
    error = CORS.error("is out of order.", reason="setup", hook="cocopot_setup")
    assert str(error).splitlines() == [
        "Plugin 'cors' (cocopot-cors 1.2, cocopot_cors:CORS) is out of order.",
        'To go on without it, pass disable={"cors"} or set COCOPOT_DISABLE_PLUGINS=cors.',
    ]
    assert (error.plugin, error.distribution, error.version) == ("cors", "cocopot-cors", "1.2")
    assert (error.entry_point, error.hook) == ("cocopot_cors:CORS", "cocopot_setup")


def test_an_error_of_a_given_plugin_names_no_distribution() -> None:
    """What is not known is `None`, and not in the text."""
    error = GIVEN.error("is out of order.", reason="setup")
    assert str(error).startswith("Plugin 'notes.audit' is out of order.\n")
    assert (error.distribution, error.version, error.entry_point, error.hook) == (None, None, None, None)


def test_a_given_class_is_instantiated_and_an_object_is_not() -> None:
    """Loading makes an instance of a class, each time a new one, and returns anything else as it is."""

    class Plugin:
        pass

    candidate = Candidate("notes.Plugin", given=Plugin)
    first, second = candidate.load(), candidate.load()
    assert isinstance(first, Plugin)
    assert first is not second
    assert GIVEN.load() is GIVEN.given


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
    """Return the values of the plugins named `tea`, read anew."""
    importlib.invalidate_caches()
    installed.cache_clear()
    return [candidate.value for candidate in installed() if candidate.name == "tea"]


@pytest.mark.parametrize(
    "info", ["tea-1.0.dist-info", "tea.egg-info", "tea-1.0-py3.11.egg-info", "Tea-2.dist-info"]
)
def test_the_first_distribution_of_a_name_hides_the_others(info: str, folders: tuple[Path, Path]) -> None:
    """As with modules, what stands earlier on `sys.path` counts; also if it names no plugin any more."""
    first, second = folders
    distribute(second, "second_tea", info=info)
    assert found() == ["second_tea"]
    distribute(first, "first_tea")
    assert found() == ["first_tea"]
    first.joinpath("tea-1.0.dist-info", "entry_points.txt").unlink()
    assert found() == []


def test_two_names_are_two_distributions(folders: tuple[Path, Path]) -> None:
    """Whoever brings a plugin of the same name is found too, for the error that names both."""
    distribute(folders[0], "green_tea", info="green_tea-1.0.dist-info", name="green-tea")
    distribute(folders[1], "black_tea", info="Black.Tea-1.0.dist-info", name="Black.Tea")
    assert found() == ["black_tea", "green_tea"]


def test_what_a_removal_has_left_hides_nothing(folders: tuple[Path, Path]) -> None:
    """A distribution without metadata counts only if there is no whole one of its name."""
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
def test_a_distribution_that_cannot_be_read_stops_nobody(
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
    """Finds one distribution that is no file, and records where it was told to search."""

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


def test_another_finder_is_asked_for_what_is_there(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Distributions of other finders count as those in folders do; places that nobody has are left out."""
    provider = Provider()
    missing, too_long = str(folders[0] / "missing.zip"), "x" * 10_000
    monkeypatch.setattr(sys, "path", ["", missing, too_long, *sys.path[:1]])
    monkeypatch.chdir(folders[1])
    monkeypatch.setattr(sys, "meta_path", [provider, *sys.meta_path])
    distribute(folders[1], "hidden_tea")
    (candidate,) = installed()
    assert (candidate.value, candidate.distribution, candidate.version) == ("provided_tea", "Tea", "7")
    assert provider.paths == ["", str(folders[0])]
