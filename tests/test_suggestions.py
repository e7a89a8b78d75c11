from __future__ import annotations

from cocopot.suggestions import close_name, did_you_mean

BIRDS = ("wren", "lark", "swallow")


def test_the_nearest_name_is_suggested() -> None:
    """The known name that is most similar to a misspelled one is suggested."""
    assert close_name("swalow", BIRDS) == "swallow"
    assert did_you_mean("swalow", iter(BIRDS), "There are birds.") == "Did you mean 'swallow'?"


def test_nothing_near_is_suggested() -> None:
    """A name that is like none of them is not a misspelling; the message may be another one."""
    assert close_name("penguin", BIRDS) is None
    assert did_you_mean("penguin", BIRDS) == ""
    assert did_you_mean("penguin", (), "There are birds.") == "There are birds."


def test_the_prefix_of_hooks_does_not_count() -> None:
    """Names are not similar only because both begin as every hook does."""
    hooks = ("cocopot_setup", "cocopot_startup")
    assert close_name("cocopot_nope", hooks) is None
    assert close_name("cocopot_strtup", hooks) == close_name("strtup", hooks) == "cocopot_startup"


def test_the_beginning_of_a_name_is_near() -> None:
    """Whole words at the beginning count more than shared letters; of several names it is the shortest."""
    assert close_name("MAX", ("MAC", "MAX_FORM_PARTS", "MAX_PARTS")) == "MAX_PARTS"
    assert close_name("", ("_wren",)) is None
    hooks = ("cocopot_shutdown", "cocopot_teardown_app_context", "cocopot_teardown_request")
    assert close_name("cocopot_teardown", hooks) == "cocopot_teardown_request"


def test_the_case_of_letters_does_not_count() -> None:
    """A name in other letters is the nearest one; it is suggested as it is written."""
    assert close_name("LARK", BIRDS) == "lark"
    assert close_name("max", ("MAC", "MAX_PARTS")) == "MAX_PARTS"
    assert close_name("Cocopot_Startup", ("cocopot_startup",)) == "cocopot_startup"
