"""Names that Flask has, and that Cocopot has elsewhere or does not have."""

from __future__ import annotations

import importlib

import pytest

import cocopot
from cocopot import Blueprint, Cocopot
from cocopot.missing_names import _MODULE, CLIENT, REGISTRAR
from cocopot.testing import Client


def import_name(name: str) -> object:
    names: dict[str, object] = {}
    exec(f"from cocopot import {name}", names)
    return names[name]


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("SecureCookieSessionInterface", "pip install cocopot-session"),
        ("SessionMixin", "from cocopot.sessions import Session"),
        ("Environment", "pip install cocopot-jinja"),
        ("template_rendered", "from cocopot_signals import template_rendered"),
        ("message_flashed", "implement the hook cocopot_message_flashed"),
        ("signals_available", "pip install ./plugins/cocopot-signals"),
        ("TemplateEngine", "from cocopot.templating import TemplateEngine"),
        ("got_request_exception", "pip install cocopot-signals"),
        ("Markup", "from markupsafe import Markup"),
        ("escape", "from markupsafe import escape"),
        ("secure_filename", "from werkzeug.utils import secure_filename"),
        ("NotFound", "from cocopot.exceptions import NotFound"),
        ("MethodView", "from cocopot.views import MethodView"),
        ("JSONProvider", "from cocopot.json import JSONProvider"),
        ("Client", "from cocopot.testing import Client"),
        ("Flask", "from cocopot import Cocopot"),
        ("with_appcontext", "from cocopot.cli import with_appcontext"),
        ("hookimp", "Did you mean 'hookimpl'?"),
        ("Bluprint", "Did you mean 'Blueprint'?"),
    ],
)
def test_names(name: str, cure: str) -> None:
    """The error of an import, or of an attribute, has the cure."""
    with pytest.raises(
        ImportError, match=f"cannot import name {name!r} from 'cocopot': .*{cure}"[:70]
    ) as caught:
        import_name(name)
    assert cure in str(caught.value)
    with pytest.raises(AttributeError) as missing:
        getattr(cocopot, name)
    assert cure in str(missing.value)
    assert not hasattr(cocopot, name)


def test_unknown_name() -> None:
    """A name that is like nothing has no cure; special names are left to Python."""
    with pytest.raises(ImportError, match=r"^cannot import name 'zzzz' from 'cocopot'$"):
        import_name("zzzz")
    assert getattr(cocopot, "__wrapped__", None) is None


@pytest.mark.parametrize("name", ["json", "views", "testing", "exceptions", "request"])
def test_existing_names(name: str) -> None:
    """Modules and public names are imported as before."""
    assert import_name(name) is not None


@pytest.mark.parametrize(
    "name", [name for name, cure in _MODULE.items() if cure.startswith(("from werkzeug", "from cocopot"))]
)
def test_cures_can_be_imported(name: str) -> None:
    """What a cure imports exists."""
    _, module, _, target = _MODULE[name].partition(";")[0].split()
    assert hasattr(importlib.import_module(module), target)


def test_explained_names_are_missing() -> None:
    """An explanation goes when the name comes."""
    existing = {name for name in REGISTRAR if hasattr(Cocopot, name) or hasattr(Blueprint, name)}
    existing |= {name for name in CLIENT if hasattr(Client, name)}
    assert existing | (_MODULE.keys() & {*cocopot.__all__}) == set()


@pytest.mark.parametrize("kind", [Cocopot, Blueprint])
def test_attributes(kind: type[Cocopot | Blueprint]) -> None:
    """A missing attribute of an application or a blueprint is explained, or the nearest one is named."""
    owner = Cocopot("shop", autoload=False) if kind is Cocopot else Blueprint("shop", "shop")
    for name, cure in (("before_first_request", "@app.on_startup"), ("jinja_env", "cocopot-jinja")):
        with pytest.raises(
            AttributeError, match=f"'{kind.__name__}' object has no attribute '{name}': .*{cure}"
        ):
            getattr(owner, name)
    with pytest.raises(AttributeError, match="Did you mean 'after_request'"):
        getattr(owner, "after_requst")  # noqa: B009 - a type checker knows
    assert not hasattr(owner, "__wrapped__")


@pytest.mark.parametrize("name", ["permanent_session_lifetime", "session_cookie_name"])
def test_attributes_of_the_session_plugin(name: str) -> None:
    """An attribute that the session plugin adds names it; one of an instance, or of a subclass, is there."""
    app = Cocopot("shop", autoload=False)
    with pytest.raises(AttributeError, match=rf"no attribute '{name}': .*pip install cocopot-session"):
        getattr(app, name)
    setattr(app, name, "own")
    assert getattr(app, name) == "own"


@pytest.mark.parametrize(
    "name",
    [
        *("jinja_env", "jinja_options", "jinja_environment", "jinja_loader", "create_jinja_environment"),
        *("create_global_jinja_loader", "select_jinja_autoescape"),
    ],
)
def test_names_of_the_template_plugin(name: str) -> None:
    """What an application has with Jinja names the package, and how it is installed."""
    with pytest.raises(AttributeError, match=rf"attribute '{name}': .*: pip install cocopot-jinja$"):
        getattr(Cocopot("shop", autoload=False), name)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("jsonify", "from cocopot import jsonify"),
        ("MethodView", "from cocopot.views import MethodView"),
        ("TaggedJSONSerializer", ""),
        ("JSONProvidr", "Did you mean 'JSONProvider'?"),
    ],
)
def test_names_of_the_json_module(name: str, cure: str) -> None:
    """A name that Cocopot has elsewhere is explained, as one of the package is."""
    with pytest.raises(ImportError, match=f"^cannot import name {name!r} from 'cocopot.json'") as caught:
        exec(f"from cocopot.json import {name}", {})
    assert cure in str(caught.value)
    assert not hasattr(cocopot.json, name)
