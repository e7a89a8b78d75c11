"""The contract is the sum of its modules."""

from __future__ import annotations

import importlib
import pkgutil

from cocopot import PluginManager
from cocopot.hooks import specs


def test_every_specification_has_its_place() -> None:
    """What a module of the package specifies is in `CONTRACT` once, and an attribute of the package."""
    names = [f"{specs.__name__}.{module.name}" for module in pkgutil.iter_modules(specs.__path__)]
    found = [item for name in names for item in vars(importlib.import_module(name)).items()]
    specified = {name: value for name, value in found if hasattr(value, "cocopot_spec")}
    assert sorted(specified) == sorted(specification.__name__ for specification in specs.CONTRACT)
    assert all(getattr(specs, name) is specification for name, specification in specified.items())


def test_the_manager_has_the_order_of_the_contract() -> None:
    """The specifications of a manager come in the order in which an application calls the hooks."""
    assert tuple(PluginManager().specifications().values()) == specs.CONTRACT
