"""Fragments: one block of a page, for scripts that replace a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import jinja2
from jinja2 import nodes
from markupsafe import Markup, escape

from cocopot import current_app, render_template
from cocopot_jinja.environment import Environment, environment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jinja2.runtime import Context

#: The variable in which the first part of a template leaves what it extends.
_PARENT = "cocopot_jinja_parent"
_PRELUDE = (nodes.Assign, nodes.AssignBlock, nodes.Import, nodes.FromImport, nodes.Macro)


class BlockNotFoundError(LookupError):
    """A template, and what it extends, have no block of that name.

    Args:
        block: Name of the block.
        template: Name of the template.
        known: The names of its blocks.
    """

    def __init__(self, block: str, template: str | None, known: Iterable[str]) -> None:
        self.block, self.template, self.known = block, template, sorted(known)
        super().__init__(
            f"The template {template!r} has no block {block!r}. "
            f"Its blocks are: {', '.join(self.known) or 'none'}."
        )


def render_block(template_name_or_list: str | Iterable[str], block: str, /, **context: Any) -> Markup:
    """Render one block of a template, as it would be in the page.

    What the template, and those that it extends, do at the top level to define names (`set`, `import`,
    `from`, `macro`) is done before, so that the block has them; nothing else of the page is rendered. Context
    processors and the hooks around templates apply as to a page.

    Args:
        template_name_or_list: Name of the template, or several, of which the first one that exists is used.
        block: Name of the block, which the template or one that it extends defines.
        context: The names for the block.

    Raises:
        BlockNotFoundError: If there is no such block.
        RuntimeError: Outside of an application context, or if `jinja_options` have `enable_async`.
    """
    names = template_name_or_list if isinstance(template_name_or_list, str) else list(template_name_or_list)
    environment = environment_of(cast("Any", current_app))
    if environment.is_async:
        raise RuntimeError("render_block cannot render with enable_async: remove it from jinja_options.")
    template = environment.get_or_select_template(cast("Any", names))
    return Markup(render_template(_Block(environment, template, block), **context))  # noqa: S704 - rendered


def render_markup(template_name_or_list: str | Iterable[str], /, **context: Any) -> Markup:
    """Render a template to `Markup`, to be a part of another one, such as the contribution to a slot.

    Args:
        template_name_or_list: As for `cocopot.render_template`.
        context: The names for the template.

    Raises:
        RuntimeError: Outside of an application context.
    """
    names = template_name_or_list if isinstance(template_name_or_list, str) else list(template_name_or_list)
    environment = environment_of(cast("Any", current_app))
    template = environment.get_or_select_template(cast("Any", names))
    text = render_template(template, **context)
    autoescape = environment.autoescape
    is_escaped = autoescape(template.name) if callable(autoescape) else autoescape
    return Markup(text) if is_escaped else escape(text)  # noqa: S704 - its values are escaped


class _Block:
    """One block of a template, as a template."""

    module = None

    def __init__(self, environment: Environment, template: jinja2.Template, block: str) -> None:
        self._environment, self._template, self._block = environment, template, block
        self.name, self.filename = template.name, template.filename

    def render(self, context: dict[str, Any], /) -> str:
        return "".join(self.generate(context))

    def generate(self, context: dict[str, Any], /) -> Iterator[str]:
        names = self._template.new_context(context)
        try:
            _define_names(self._environment, self._template, names)
            yield from self._find(names)(names)
        except BlockNotFoundError:
            raise
        except Exception:  # noqa: BLE001 - Jinja raises it again, with the lines of the templates
            self._environment.handle_exception()

    def _find(self, names: Context) -> Callable[[Context], Iterator[str]]:
        functions = names.blocks.get(self._block)
        if functions is None:
            raise BlockNotFoundError(self._block, self.name, names.blocks)
        return functions[0]


def _define_names(environment: Environment, template: jinja2.Template, context: Context) -> None:
    """Run what a template and those that it extends do to define names, and collect their blocks."""
    context.blocks.clear()
    current: jinja2.Template | None = template
    while current is not None:
        for name, function in current.blocks.items():
            context.blocks.setdefault(name, []).append(function)
        for _ in _prelude(environment, current).root_render_func(context):
            pass  # what is printed there is not part of a block
        parent = context.vars.pop(_PARENT, None)
        context.exported_vars.discard(_PARENT)
        current = None if parent is None else environment.get_template(parent, current.name)


_preludes: WeakKeyDictionary[jinja2.Template, jinja2.Template] = WeakKeyDictionary()


def _prelude(environment: Environment, template: jinja2.Template) -> jinja2.Template:
    """Return a template with what another one does at the top level to define names."""
    prelude = _preludes.get(template)
    if prelude is None:
        prelude = _preludes[template] = _make_prelude(environment, template)
    return prelude


def _make_prelude(environment: Environment, template: jinja2.Template) -> jinja2.Template:
    if template.name is None or environment.loader is None:
        return environment.from_string("")
    source, filename, _ = environment.loader.get_source(environment, template.name)
    tree = environment.parse(source, template.name, filename)
    body: list[nodes.Node] = []
    for node in tree.body:
        if isinstance(node, nodes.Extends):
            body.append(nodes.Assign(nodes.Name(_PARENT, "store"), node.template, lineno=node.lineno))
        elif isinstance(node, _PRELUDE):
            body.append(node)
    tree.body = body
    tree.set_environment(environment)
    code = environment.compile(tree, template.name, filename)
    return template.__class__.from_code(environment, code, {})
