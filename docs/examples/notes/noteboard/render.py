"""The HTML of the pages, from templates."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from cocopot import render_template, url_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noteboard.store import Note

#: What each module of the application is an example of.
MODULES = {
    "page.py": "views, forms, redirects and error pages",
    "api.py": "a blueprint for a JSON API, with errors as JSON",
    "store.py": "a database connection for each request",
    "checks.py": "exceptions that become responses",
    "engine.py": "a template engine as a plugin",
    "__init__.py": "configuration, blueprints and functions around each request",
}
#: The messages that a page can begin with, by the name that a redirect passes on.
MESSAGES = {
    "added": "The note was added.",
    "changed": "The note was changed.",
    "deleted": "The note was deleted.",
}


def render(template: str, /, **values: object) -> Markup:
    """Return a template with its values; those that are not `Markup` are escaped.

    Args:
        template: Name of its file.
        values: The values by name.
    """
    return Markup(render_template(template, **values))  # noqa: S704 - the engine escapes each value


def document(title: str, main: Markup, layout: str = "") -> str:
    """Return a whole page.

    Args:
        title: Its title, for the browser.
        main: Its content.
        layout: The class of the content.
    """
    modules = Markup("").join(
        Markup('<li><a href="{}">{}</a>: {}</li>').format(url_for("page.source", name=name), name, what)
        for name, what in MODULES.items()
    )
    return render(
        "base.html",
        title=f"{title} - Noteboard" if title else "Noteboard",
        main=main,
        layout=layout,
        modules=modules,
        api=url_for("api.list_notes"),
        style=url_for("static", filename="board.css"),
    )


def note_item(note: Note, context: Mapping[str, Any]) -> Markup:
    """Return a note as an item of the list.

    Args:
        note: The note.
        context: Arguments of the URLs that lead back here.
    """
    return render(
        "note.html",
        id=note.id,
        title=note.title,
        body=note.body,
        updated=note.updated,
        when=f"{datetime.fromisoformat(note.updated):%d %b %Y, %H:%M} UTC",
        edit=url_for("page.edit", note_id=note.id, **context),
        delete=url_for("page.delete", note_id=note.id, **context),
    )


def note_form(
    action: str,
    button: str,
    fields: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    rows: int = 4,
    cancel: str | None = None,
) -> Markup:
    """Return the form of a note.

    Args:
        action: The URL that it is sent to.
        button: The text of its button.
        fields: Title and text.
        errors: The errors of the fields that are invalid.
        rows: The height of the text, in lines.
        cancel: The URL that leads back without a change.
    """
    values: dict[str, object] = {"action": action, "button": button, "rows": rows, **fields}
    for field in fields:
        values[f"{field}_state"] = values[f"{field}_error"] = Markup("")
        if field in errors:
            values[f"{field}_state"] = Markup(' aria-invalid="true" aria-describedby="{}-error"').format(
                field
            )
            text = f"The {'title' if field == 'title' else 'text'} {errors[field]}."
            values[f"{field}_error"] = Markup('<p class="error" id="{}-error">{}</p>').format(field, text)
    link = Markup('<a class="button quiet" href="{}">Cancel</a>')
    return render("form.html", cancel=Markup("") if cancel is None else link.format(cancel), **values)


def summary(text: str, first: int, shown: int, total: int) -> Markup:
    """Return which notes the page shows, with a link to all of them if it shows only those that were found.

    Args:
        text: The text that was searched for.
        first: The position of the first of them.
        shown: Their number.
        total: The number of all of them.
    """
    what = f" with “{text}”" if text else ""
    if total == 0:
        sentence = f"There is no note with “{text}”." if text else "There are no notes yet."
    else:
        numbers = f"{first} to {first + shown - 1} of {total}" if shown < total else f"{total}"
        sentence = f"{numbers} {'note' if total == 1 else 'notes'}{what}"
    if not text:
        return escape(sentence)
    return Markup('{} <a href="{}">Show all notes</a>').format(sentence, url_for("page.index"))


def page_links(text: str, number: int, last: int) -> Markup:
    """Return links to the pages before and after this one.

    Args:
        text: The text that was searched for.
        number: The number of this page.
        last: The number of the last one.
    """
    if last == 1:
        return Markup("")
    link = Markup('<a rel="{}" href="{}">{}</a>')
    newer, older = (
        url_for("page.index", q=text or None, page=other if other > 1 else None)
        for other in (number - 1, number + 1)
    )
    before = link.format("prev", newer, "Newer notes") if number > 1 else Markup("<span></span>")
    after = link.format("next", older, "Older notes") if number < last else Markup("<span></span>")
    return Markup('<nav aria-label="Pages">{} <span>Page {} of {}</span> {}</nav>').format(
        before, number, last, after
    )
