"""Generate docs/reference.md from the docstrings of the public names; `make docs` runs this."""

from __future__ import annotations

import inspect
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cocopot
from cocopot import config_keys, json, proxies, sessions, types

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PAGE = Path(__file__).parent / "reference.md"
HEAD = """# API reference

The public names of `cocopot` and `cocopot.sessions`, and `cocopot.json.JSONProvider`. `make docs` generates
this page from docstrings. [Hooks](hooks.md) describes the hooks, and [Testing](testing.md) `cocopot.testing`.
Members that a class inherits from Werkzeug, pluggy or Python are described in their documentation.
"""
#: The modules of public names that are variables; a comment above each one is its documentation.
VARIABLES: dict[str, ModuleType] = {
    "current_app": proxies,
    "g": proxies,
    "request": proxies,
    "session": proxies,
    "ResponseValue": types,
}
#: A longer signature has one line per parameter.
MAX_SIGNATURE = 90
#: Sections of a docstring in Google style, and their titles on the page.
SECTIONS = {"Args": "Arguments", "Returns": "Returns", "Raises": "Raises", "Example": "Example"}


def generate() -> str:
    """Return the text of the page."""
    names = sorted(cocopot.__all__, key=str.lower)
    entries = [entry(name, getattr(cocopot, name)) for name in names]
    entries.append(entry("json.JSONProvider", json.JSONProvider))
    entries += [entry(f"sessions.{name}", getattr(sessions, name)) for name in sessions.__all__]
    return "\n".join([HEAD, "## Configuration keys\n", *configuration_keys(), "", *entries])


def entry(name: str, value: object) -> str:
    """Return the section of one public name."""
    if name in VARIABLES:
        return f"## {name}\n\n{variable_comment(VARIABLES[name], name)}\n"
    heading = f"## {name}\n\n```text\n{name}{signature_of(value)}\n```\n"
    blocks = [heading, markdown(inspect.getdoc(value) or "")]
    if inspect.isclass(value):
        blocks += [member_entry(name, member, item) for member, item in own_members(value)]
    return "\n".join(blocks)


def signature_of(value: Any, *, is_method: bool = False) -> str:
    """Return the signature of a function or class; empty for an exception, whose arguments vary."""
    if not callable(value) or (inspect.isclass(value) and issubclass(value, Exception)):
        return ""
    signature = inspect.signature(value)
    parameters = [*parameter_texts(list(signature.parameters.values())[1 if is_method else 0 :])]
    result = "" if inspect.isclass(value) else f" -> {signature.return_annotation}"
    text = f"({', '.join(parameters)}){result}"
    if len(text) < MAX_SIGNATURE:
        return text
    return "(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){result}"


def parameter_texts(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """Yield the parameters of a signature, with the marks between positional and keyword parameters."""
    is_keyword_only = False
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not is_keyword_only:
            yield "*"
        is_keyword_only = is_keyword_only or parameter.kind in {
            inspect.Parameter.KEYWORD_ONLY,
            inspect.Parameter.VAR_POSITIONAL,
        }
        # Annotations are text already: modules import them from __future__.
        text = str(parameter.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty))
        if parameter.annotation is not inspect.Parameter.empty:
            text += f": {parameter.annotation}"
        if parameter.default is not inspect.Parameter.empty:
            text += f" = {default_text(parameter.default)}"
        yield text


def default_text(value: object) -> str:
    """Return a default value as code; a function by its name, and a marker for "not passed" as dots."""
    if inspect.isfunction(value):
        return f"{value.__module__}.{value.__qualname__}"
    return "..." if type(value) is object else repr(value)


def own_members(cls: type) -> Iterator[tuple[str, object]]:
    """Yield the documented public members of a class that Cocopot defines, in alphabetical order."""
    members: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("cocopot.") and "speedups" not in base.__module__:
            members.update(vars(base))
    for name in sorted(members):
        value = members[name]
        # Of a class method; and the one in Python, of one that is compiled.
        function = inspect.unwrap(getattr(value, "__func__", value))  # type: ignore[arg-type]
        is_described = inspect.isfunction(function) or isinstance(value, (property, cached_property))
        if not name.startswith("_") and is_described and inspect.getdoc(value):
            yield name, function


def member_entry(owner: str, name: str, value: object) -> str:
    """Return the paragraph of a method or a property."""
    is_method = inspect.isfunction(value)
    title = f"{owner}.{name}{signature_of(value, is_method=True) if is_method else ''}"
    return f"### {owner}.{name}\n\n```text\n{title}\n```\n\n{markdown(inspect.getdoc(value) or '')}"


def variable_comment(module: ModuleType, name: str) -> str:
    """Return the comment above a variable of a module."""
    comment = re.search(rf"((?:^#: .*\n)+){name}\b", inspect.getsource(module), re.MULTILINE)
    assert comment is not None, name  # noqa: S101 - a comment is missing
    return " ".join(line.removeprefix("#: ") for line in comment[1].splitlines())


def configuration_keys() -> Iterator[str]:
    """Yield the rows of the table of configuration keys; the meaning is the comment above a default."""
    yield "| key | default | meaning |"
    yield "|---|---|---|"
    comments = dict(re.findall(r'^ +# (.+)\n +"([A-Z_]+)": ', inspect.getsource(config_keys), re.MULTILINE))
    meanings = {key: comment for comment, key in comments.items()}
    for key, value in config_keys.DEFAULTS.items():
        yield f"| `{key}` | `{value!r}` | {meanings[key]} |"


def markdown(docstring: str) -> str:
    """Return a docstring in Google style as Markdown."""
    blocks = []
    for block in re.split(r"\n\n(?=\S)", re.sub(r"(?<!`)``(?!`)", "`", docstring)):
        title, _, body = block.partition(":\n")
        if title in SECTIONS:
            blocks.append(f"**{SECTIONS[title]}**\n\n{section(title, inspect.cleandoc(body))}")
        else:
            blocks.append(block)
    return "\n\n".join(blocks) + "\n"


def section(title: str, body: str) -> str:
    """Return the body of a section: an example as it is, and items as a list."""
    if title == "Example":
        # Not marked as python: the examples run as those of the docstrings.
        return f"```pycon\n{body}\n```" if body.startswith(">>>") else body.replace("```python", "```py")
    if title == "Returns":
        return body
    items = re.split(r"\n(?=\S)", body)
    return "\n".join(re.sub(r"^([\w.*]+): ", r"- `\1`: ", item) for item in items)


if __name__ == "__main__":
    PAGE.write_text(generate(), "utf-8")
