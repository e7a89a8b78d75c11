"""Typed use of templates, by an application and by the author of an engine; read by mypy, not run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

from jinja2 import Environment

from cocopot import (
    Blueprint,
    Cocopot,
    get_template_attribute,
    hookimpl,
    render_template,
    render_template_string,
    stream_template,
    stream_template_string,
)
from cocopot.templating import Template, TemplateEngine, TemplateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

app = Cocopot(__name__, template_folder=Path("pages"))
shop = Blueprint("shop", __name__, template_folder="templates")

# -- rendering -------------------------------------------------------------

assert_type(render_template("page.html", title="Birds", number=1), str)
assert_type(render_template(["page.html", "other.html"]), str)
assert_type(render_template_string("{{ bird }}", bird="wren"), str)
assert_type(stream_template_string("{{ bird }}"), "Iterator[str]")
assert_type(get_template_attribute("macros.html", "hello"), Any)


@app.get("/")
def index() -> Iterator[str]:
    return stream_template("page.html")


# -- what application and blueprint register -------------------------------


@app.template_filter
@shop.app_template_filter("money")
def price(value: int) -> str:
    return f"{value / 100:.2f}"


@app.template_test("rare")
@shop.app_template_test()
def is_rare(value: str) -> bool:
    return value == "dodo"


@app.template_global()
@shop.app_template_global
def today() -> str:
    return "Friday"


@app.context_processor
@shop.context_processor
@shop.app_context_processor
def names() -> dict[str, object]:
    return {"user": "ada"}


assert_type(price(1), str)
assert_type(is_rare("dodo"), bool)
assert_type(today(), str)
assert_type(names(), dict[str, object])
app.add_template_filter(str.upper, "upper")
app.add_template_global(3, "three")
shop.add_app_template_test(is_rare, "rare")
app.add_template_folder(Path("themes") / "dark")
folders: list[TemplateFolder] = list(app.iter_template_folders())
app.update_template_context({"bird": "wren"})

# -- an engine: an environment of Jinja is one -----------------------------

engine: TemplateEngine = Environment()
template: Template = Environment().from_string("text")
assert_type(app.template_engine, TemplateEngine)


@hookimpl
def cocopot_template_engine(app: Cocopot) -> TemplateEngine | None:
    return Environment(autoescape=True)


@hookimpl
def cocopot_template_context(
    app: Cocopot, template: Template | None, context: dict[str, object]
) -> Mapping[str, object]:
    return {"name": None if template is None else template.name}


@hookimpl
def cocopot_template_rendered(app: Cocopot, template: Template, context: dict[str, object]) -> None:
    app.logger.info("rendered %s", template.name)
