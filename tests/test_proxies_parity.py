"""A proxy does what Werkzeug's does, compiled or not, for every operation on objects of many types."""

from __future__ import annotations

import contextvars
import copy
import operator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.local import LocalProxy

from cocopot.proxies import _ContextProxy
from cocopot.speedups import proxies
from tests.test_speedups import compiled

if TYPE_CHECKING:
    from collections.abc import Callable


class Items(dict[str, int]):
    """An object with items and attributes, which can be called and entered."""

    attribute = 1

    def __call__(self, *args: object, **kwargs: object) -> object:
        return args, kwargs

    def __enter__(self) -> str:
        return "entered"

    def __exit__(self, *args: object) -> None: ...


class Broken:
    """An object whose attributes and items raise."""

    def __repr__(self) -> str:
        return "<Broken>"

    def __getattr__(self, name: str) -> object:
        raise AttributeError("from the object")

    def __setattr__(self, name: str, value: object) -> None:
        raise LookupError(name)

    def __delattr__(self, name: str) -> None:
        raise KeyError(name)

    def __contains__(self, item: object) -> bool:
        raise RuntimeError(item)


class Context:
    """A context whose attribute `g` is the object of the proxy."""

    def __init__(self, bound: object) -> None:
        self.g = bound


def set_and_get(proxy: Any) -> object:
    """Set an attribute, and return it."""
    proxy.attribute = 2
    return proxy.attribute


def set_and_delete(proxy: Any) -> object:
    """Set an attribute and delete it, and return whether there is one."""
    proxy.new = 2
    del proxy.new
    return hasattr(proxy, "new")


OBJECTS: dict[str, Callable[[], Any]] = {
    "items": lambda: Items(x=1, y=2),
    "broken": Broken,
    "integer": lambda: 7,
    "float": lambda: -2.5,
    "text": lambda: "x y",
    "bytes": lambda: b"x",
    "list": lambda: [3, 1, 2],
    "set": lambda: {"x", "y"},
    "iterator": lambda: iter("xy"),
    "function": lambda: len,
    "class": lambda: type("Class", (), {"attribute": 1}),
}
ONE: list[Callable[[Any], Any]] = [
    *(bool, repr, str, bytes, len, iter, next, reversed, vars, type, callable, int, float),
    *(complex, abs, round, format, copy.copy, copy.deepcopy, sorted, list, operator.neg),
    lambda proxy: type(hash(proxy)),
    lambda proxy: "attribute" in dir(proxy),
    *(operator.pos, operator.invert, operator.index, operator.length_hint),
    lambda proxy: proxy.__class__,
    lambda proxy: proxy.__dict__,
    lambda proxy: proxy.__wrapped__ is None,
    lambda proxy: proxy._get_current_object(),
    lambda proxy: proxy.attribute,
    lambda proxy: proxy.get("x"),
    lambda proxy: proxy.nothing,
    set_and_get,
    set_and_delete,
    lambda proxy: delattr(proxy, "nothing"),
    lambda proxy: operator.setitem(proxy, "new", 3),
    lambda proxy: operator.delitem(proxy, "x"),
    lambda proxy: proxy("a", b=1),
    lambda proxy: proxy.__enter__(),
    lambda proxy: isinstance(proxy, (int, dict, Broken)),
    lambda proxy: isinstance({}, proxy),
    lambda proxy: f"{proxy:>5}",
    lambda proxy: issubclass(type(proxy), LocalProxy),
]
OPERANDS = (1, "x", [1], {"x"}, b"x", None)
TWO = [
    *("lt", "le", "eq", "ne", "gt", "ge", "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"),
    *("lshift", "rshift", "and_", "xor", "or_", "iadd", "isub", "imul", "ior", "iand", "ixor", "ipow"),
    *("contains", "getitem", "is_"),
]


def outcome(use: Callable[[], Any], proxy: Any) -> object:
    """Return the type and the text of what an operation returns, or what it raises."""
    try:
        value = use()
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error), str(error).replace(type(proxy).__name__, "Proxy")[:30]
    if type(value) is type(proxy) or value is type(proxy):
        return "the proxy, or its class"
    return type(value), str(value).split(" at 0x")[0].replace(type(proxy).__name__, "Proxy")


@pytest.mark.parametrize("kind", [proxies, *([compiled] if compiled else [])], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", [*OBJECTS, "unbound"])
def test_every_operation(kind: Any, name: str) -> None:
    """Operators, built-in functions, attributes and `isinstance` have the same results and errors."""
    variable: contextvars.ContextVar[Any] = contextvars.ContextVar("parity")
    proxy_class = kind.proxy_class("Proxy", _ContextProxy, variable, "g")

    def get() -> Any:
        context = variable.get(None)
        if context is None:
            raise RuntimeError("unbound")
        return context.g

    def outcomes(cls: Any) -> list[object]:
        proxy = cls(get)
        found = []
        two = [(getattr(operator, name), operand) for name in TWO for operand in OPERANDS]
        for use in (
            *(partial(use, proxy) for use in ONE),
            *(partial(use, proxy, operand) for use, operand in two),
            *(partial(use, operand, proxy) for use, operand in two),
        ):
            token = None if name == "unbound" else variable.set(Context(OBJECTS[name]()))
            found.append(outcome(use, proxy))
            if token is not None:
                variable.reset(token)
        return found

    assert outcomes(proxy_class) == outcomes(LocalProxy)
