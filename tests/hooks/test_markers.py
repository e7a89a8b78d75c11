from __future__ import annotations

import functools
import operator
import re
from types import ModuleType, SimpleNamespace
from typing import Any

import pluggy
import pytest

from cocopot import request
from cocopot.hooks import PluginManager, hookimpl, hookspec
from cocopot.hooks.markers import MISSING, can_carry_hookimpl, own_attributes, static_attribute


@hookimpl(tryfirst=True)
def marked() -> None: ...


class Parent:
    @hookimpl
    def inherited(self) -> None: ...

    @hookimpl
    def replaced(self) -> None: ...


class Plugin(Parent):
    __slots__ = ("empty", "filled")

    text, number, nothing, function = "text", 1, None, len
    borrowed = Parent().inherited
    alias = marked
    partial = functools.partial(marked)
    replaced = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.filled = marked
        self.own, self.own_text = marked, "text"
        self.bound = self.plain

    def plain(self) -> None: ...

    @hookimpl(specname="cocopot_setup")
    def __call__(self) -> None: ...

    @staticmethod
    @hookimpl
    def static() -> None: ...

    @hookimpl
    @staticmethod
    def marked_static() -> None: ...

    @classmethod
    @hookimpl(wrapper=True)
    def of_class(cls) -> None: ...

    @property
    def bomb(self) -> None:
        pytest.fail("a property of the plugin was read")


def module() -> ModuleType:
    """Return a module with functions, and with a name that its `__getattr__` alone knows."""
    made = ModuleType("made")
    vars(made).update(marked=marked, unmarked=module, cached=functools.cache(marked), hookimpl=hookimpl)
    vars(made).update(Plugin=Plugin, parent=pytest, wrong=SimpleNamespace(cocopot_impl={}))
    vars(made)["__dir__"] = lambda: [*vars(made), "known"]
    vars(made)["__getattr__"] = {"known": marked}.__getitem__
    return made


PLUGINS = {
    "module": module(),
    "instance": Plugin(),
    "class": Plugin,
    "namespace": SimpleNamespace(marked=marked, text="text", method=Parent().inherited),
    "builtin": operator,
}


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
def test_marks_are_found_where_pluggy_finds_them(plugin: object) -> None:
    """Whatever a plugin has, its implementations and their options are what pluggy itself states they are."""
    ours, theirs = PluginManager(hookspecs=[]), pluggy.PluginManager("cocopot")
    names = dir(plugin)
    found = {name: ours.parse_hookimpl_opts(plugin, name) for name in names}
    assert found == {name: theirs.parse_hookimpl_opts(plugin, name) for name in names}


def test_the_plugins_above_have_what_can_go_wrong() -> None:
    """The comparison is of marks that are there: in the module, the instance, its class and their parent."""
    manager = PluginManager(hookspecs=[])

    def names(plugin: object) -> set[str]:
        return {name for name in dir(plugin) if manager.parse_hookimpl_opts(plugin, name) is not None}

    assert names(PLUGINS["module"]) >= {"marked"}
    assert names(PLUGINS["instance"]) >= {"inherited", "alias", "own", "filled", "__call__", "static"}
    assert names(PLUGINS["instance"]) >= {"of_class", "marked_static", "borrowed"}
    assert not names(PLUGINS["instance"]) & {"plain", "bound", "text", "replaced", "empty"}


@pytest.mark.parametrize("mark", [None, {"tryfirst": True}, "tryfirst"], ids=repr)
def test_a_mark_is_a_table_of_options(mark: Any) -> None:
    """What another library keeps under the name of the mark is none."""

    def function() -> None: ...

    function.cocopot_impl = mark  # type: ignore[attr-defined]
    plugin = SimpleNamespace(function=function)
    options = PluginManager(hookspecs=[]).parse_hookimpl_opts(plugin, "function")
    assert options == (mark if isinstance(mark, dict) else None)


def test_what_is_held_is_not_bound_nor_computed() -> None:
    """A method is its function, and a property itself; what is not there is reported from `None`."""
    plugin = Plugin()
    assert static_attribute(plugin, "inherited") is vars(Parent)["inherited"]
    assert static_attribute(plugin, "own") is marked
    assert static_attribute(plugin, "bomb") is vars(Plugin)["bomb"]
    assert static_attribute(plugin, "nothing") is None
    assert static_attribute(plugin, "absent") is MISSING
    assert [
        can_carry_hookimpl(static_attribute(plugin, name)) for name in ("inherited", "static", "absent")
    ] == [True] * 3
    assert [
        can_carry_hookimpl(static_attribute(plugin, name))
        for name in ("text", "function", "__init_subclass__")
    ] == [False] * 3


# -------------------------------------------------------------------------
# Misuse
# -------------------------------------------------------------------------


@pytest.mark.parametrize("marker", [hookimpl, hookspec], ids=["hookimpl", "hookspec"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Parent, "not the class Parent. Mark each"),
        (property(lambda self: None), "not a property. A property is never called"),
        (functools.partial(marked), "not a partial"),
        (functools.cache(marked), "not a _lru_cache_wrapper"),
        (len, "not a builtin_function_or_method"),
        (Parent().inherited, "not a method"),
        ("cocopot_startup", r"not a str. The hook's name is an option: @\w+\(specname='cocopot_startup'\)"),
    ],
)
def test_what_cannot_be_marked(marker: Any, value: object, text: str) -> None:
    """Only a function can be called as a hook; whatever else is marked is an error at once."""
    with pytest.raises(TypeError, match=rf"^@hook\w+ marks a function that is defined with `def`, {text}"):
        marker(value)


@pytest.mark.parametrize(
    ("marker", "options", "text"),
    [
        (hookimpl, {"tryfrist": True}, "hookimpl has no option 'tryfrist'. Did you mean 'tryfirst'?"),
        (hookimpl, {"tryfirst": True, "trylast": True}, "tryfirst and trylast exclude each other"),
        (hookimpl, {"wrapper": True, "hookwrapper": True}, "wrapper and hookwrapper exclude each other"),
        (hookspec, {"ordr": "in"}, "hookspec has no option 'ordr'. Did you mean 'order'?"),
        (hookspec, {"zzz": 1}, "Options are: firstresult, historic, order"),
        (hookspec, {"order": "inn"}, "order is 'inn'. Did you mean 'in'?"),
        (hookspec, {"order": True}, "order is True. It is 'in' "),
        (hookspec, {"firstresult": True, "every": True}, "firstresult and every exclude each other"),
        (hookspec, {"historic": True, "threaded": "a"}, "historic and threaded exclude each other"),
        (hookspec, {"every": True, "result_type": "a:b"}, "only for hooks whose results are used"),
        (hookspec, {"result_type": "str"}, "It is 'module:name'"),
        (hookspec, {"threaded": "respons"}, "is not an argument of the function; did you mean 'response'?"),
        (hookspec, {"threaded": "zzz"}, "it has response."),
        (hookspec, {"threaded": True}, "threaded is True; it is the name of an argument."),
        (hookspec, {"every": "yes"}, "every is 'yes'; it is True or False."),
        (hookspec, {"firstresult": None}, "firstresult is None; it is True or False."),
        (hookspec, {"since": 1}, "since is 1; it is a version, such as '1.2'."),
        (hookspec, {"instead": "Use x."}, "instead is for a hook that is deprecated; pass deprecated, too."),
        (hookspec, {"deprecated": "1", "removed": "2", "instead": 5}, "instead is 5; it is a sentence"),
    ],
)
def test_wrong_options(marker: Any, options: dict[str, Any], text: str) -> None:
    """An unknown option, or options that exclude each other, are an error at once, with the nearest name."""
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        marker(**options)(lambda response: None)


def test_a_specification_has_no_arguments_after_a_star() -> None:
    """Implementations have some of its arguments, by name; pluggy would not know these."""
    for function in (lambda *args: None, lambda **names: None, lambda *, app: None):
        with pytest.raises(
            ValueError, match="has arguments after a star, which no implementation could have"
        ):
            hookspec(function)


def test_a_specification_is_a_plain_function() -> None:
    """It is never called, so that a `yield` in it is a misunderstanding."""
    with pytest.raises(TypeError, match="@hookspec marks a plain function"):
        hookspec(lambda: (yield))


def test_attributes_of_an_object_itself() -> None:
    """They are read without running code of the object, such as that of a proxy."""
    assert own_attributes(SimpleNamespace(marked=1)) == {"marked": 1}
    assert own_attributes(request) == own_attributes(object()) == {}
