"""Which of the candidates an application loads."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import Candidate
from cocopot.hooks.selection import Selection

CORS = Candidate("cors", "cocopot_cors:CORS", "cocopot-cors", "1.2")
SESSION = Candidate("session", "cocopot_session", "cocopot-session", "0.9")
EXPLICIT = Candidate("notes.audit", explicit=SimpleNamespace())
NAMES = st.sampled_from(["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf"])


def choose(autoload: Any = True, disable: Any = (), given: Any = (), **environ: str) -> list[str]:
    """Return the names that are chosen while CORS and SESSION are installed."""
    selection = Selection.make(autoload, disable, environ)
    return [candidate.name for candidate in selection.choose([CORS, SESSION], given)]


@given(
    allowed=st.none() | st.frozensets(NAMES),
    disabled=st.frozensets(NAMES),
    disabled_by_variable=st.frozensets(NAMES),
)
def test_what_is_allowed_and_not_disabled_is_chosen(
    allowed: frozenset[str] | None, disabled: frozenset[str], disabled_by_variable: frozenset[str]
) -> None:
    """The choice is a matter of sets; which setting named what makes no difference."""
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
    """`COCOPOT_PLUGINS` states what is loaded, but not in an application that loads none by itself."""
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


@pytest.mark.parametrize("argument", ["autoload", "disable", "order"])
@pytest.mark.parametrize("value", [5, None])
def test_what_is_no_collection_is_refused(argument: str, value: Any) -> None:
    """The error names the argument, and what it takes."""
    with pytest.raises(TypeError, match=rf"{argument} takes a (set|sequence) of plugin names, not {value}"):
        Selection.make(**{"autoload": True, "disable": (), argument: value})


def test_explicit_plugins_need_no_selection_but_can_be_disabled() -> None:
    """What an application gives by hand is loaded whatever is allowed, unless it is disabled."""
    assert choose(autoload=False, given=[EXPLICIT]) == ["notes.audit"]
    assert choose({"cors"}, given=[EXPLICIT]) == ["notes.audit", "cors"]
    assert choose({"cors"}, {"notes.audit"}, [EXPLICIT]) == ["cors"]


def test_an_explicit_plugin_satisfies_a_requested_name() -> None:
    """A name that is not installed is not an error if the application gives a plugin of that name."""
    assert choose({"notes.audit", "cors"}, given=[EXPLICIT]) == ["notes.audit", "cors"]


def test_the_error_for_an_unknown_name_lists_installed_ones() -> None:
    """The error states which setting named the plugin, and suggests the nearest name."""
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
def test_two_distributions_of_one_name_matter_only_if_it_is_selected(autoload: Any, disable: Any) -> None:
    """A clash is an error where the name is to be loaded, and nowhere else."""
    other = Candidate("cors", "other_cors", "other-cors", "3.0")
    with pytest.raises(PluginError, match=r"cocopot-cors 1\.2 .* and other-cors 3\.0 "):
        Selection.make(True, (), {}).choose([CORS, other, SESSION])
    chosen = Selection.make(autoload, disable, {}).choose([CORS, other, SESSION])
    assert CORS not in chosen


def test_errors_can_be_collected_while_the_rest_is_chosen() -> None:
    """With `fail`, what a missing or an ambiguous name is about is skipped, and everything else chosen."""
    errors: list[PluginError] = []
    twins = [Candidate("cache", f"cache_{number}", f"cache-{number}", "1.0") for number in range(3)]
    selection = Selection.make({"cors", "cache", "metrics"}, (), {})
    assert selection.choose([CORS, *twins, SESSION], fail=errors.append) == [CORS]
    assert [error.plugin for error in errors] == ["cache", "metrics"]
    assert str(errors[0]).startswith(
        "3 distributions provide a plugin named 'cache': cache-0 1.0 ('cache_0') and "
    )


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (Candidate("off"), ("disabled", "by disable=")),
        (Candidate("off", explicit=object()), ("disabled", "by disable=")),
        (Candidate("metrics"), ("not selected", "by autoload=")),
        (SESSION, ("replaced", "by an object of that name that the application passes")),
        (CORS, None),
        (Candidate("metrics", explicit=object()), None),
    ],
)
def test_rejection_reason(candidate: Candidate, expected: tuple[str, str] | None) -> None:
    """The selection states what became of a plugin that it does not choose, and what decided so."""
    selection = Selection.make({"cors", "session"}, {"off"}, {})
    assert selection.rejection_reason(candidate, {"session"}) == expected


def test_an_explicit_plugin_replaces_the_installed_one_of_its_name() -> None:
    """An application may pass its own instance of a plugin, and gets no second one."""
    same = Candidate("cors", explicit=SimpleNamespace())
    chosen = Selection.make(True, (), {}).choose([CORS, SESSION], [same])
    assert chosen == [same, SESSION]
    assert chosen[0].explicit is same.explicit
