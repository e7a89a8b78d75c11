from __future__ import annotations

import ast
import builtins
import inspect

import pytest
from cocopot_devtools.checks.sources import PUBLIC_MODULES
from cocopot_devtools.implementations import HOOKS, Implementations, summary

from cocopot.hooks import specs


def functions(code: str) -> dict[str, ast.FunctionDef]:
    """Return the functions of a module by name."""
    return {node.name: node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)}


def imported(code: str) -> set[str]:
    """Return the names that a module imports."""
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {alias.name for node in nodes for alias in node.names}


@pytest.mark.parametrize("hook", HOOKS)
def test_an_implementation_has_the_arguments_of_the_contract(hook: str) -> None:
    """Each hook is implemented with all of its arguments, marked, and described as the contract does."""
    function = functions(Implementations("tea", [hook]).module())[hook]
    arguments = [argument.arg for argument in function.args.args]
    assert arguments == list(inspect.signature(getattr(specs, hook)).parameters)
    assert [ast.unparse(decorator) for decorator in function.decorator_list] == ["hookimpl"]
    assert ast.get_docstring(function) == summary(hook)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_name_is_imported(hook: str) -> None:
    """Each name in the annotations of an implementation is imported, or that of a built-in."""
    code = Implementations("tea", [hook]).module()
    function = functions(code)[hook]
    annotations = [argument.annotation for argument in function.args.args] + [function.returns]
    used = {node.id for part in annotations if part for node in ast.walk(part) if isinstance(node, ast.Name)}
    assert used <= imported(code) | set(dir(builtins))


@pytest.mark.parametrize("hook", HOOKS)
def test_only_public_modules_are_imported(hook: str) -> None:
    """What a new plugin imports of Cocopot is what a plugin may import."""
    tree = ast.parse(Implementations("tea", [hook]).module())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert {module for module in modules if module.partition(".")[0] == "cocopot"} <= PUBLIC_MODULES


def test_implementations_stand_in_the_order_of_the_contract() -> None:
    """However the hooks are given, they are written once, in the order in which they run."""
    module = Implementations("tea", [*reversed(HOOKS), "cocopot_setup"]).module()
    assert [name for name in functions(module) if name in HOOKS] == list(HOOKS)


def test_only_what_is_needed_is_imported() -> None:
    """A module imports the names of its annotations, and the application's class for the protocol."""
    module = Implementations("tea", ["cocopot_register_commands"]).module()
    assert imported(module) == {"annotations", "TYPE_CHECKING", "hookimpl", "Cocopot", "click"}


def test_the_first_paragraph_is_the_summary() -> None:
    """What is shown of a hook is the first sentence of its specification."""
    assert summary("cocopot_before_request") == "Act before the view, or respond in its place."


@pytest.mark.parametrize(
    ("hooks", "route", "setting"),
    [
        (["cocopot_startup"], False, False),
        (["cocopot_setup"], True, False),
        (["cocopot_config_defaults"], False, True),
        (["cocopot_config_defaults", "cocopot_setup"], True, True),
    ],
)
def test_route_and_setting_are_tested_where_they_are(hooks: list[str], route: bool, setting: bool) -> None:
    """There is a route, a setting, an example and tests of them, as the hooks have it."""
    made = Implementations("green-tea", hooks)
    assert ('@blueprint.get("/green-tea")' in made.module()) is route
    assert ("current_app.config['GREEN_TEA_GREETING']" in made.module()) is (route and setting)
    tests = {"test_answers": route, "test_setting": setting, "test_setting_is_obeyed": route and setting}
    assert set(functions(made.tests())) == {name for name, there in tests.items() if there}
    assert ('get("/green-tea")' in made.example()) is route
