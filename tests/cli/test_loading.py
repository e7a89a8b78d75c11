"""How a command finds its application."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from cocopot.cli.loading import AppLoader, NoAppError

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
from cocopot import Cocopot

app = Cocopot("the app", autoload=False)
other = Cocopot("the other", autoload=False)
number = 7

class Nested:
    inner = Cocopot("the inner", autoload=False)

def create_app(name="made", *, debug=False):
    app = Cocopot(name, autoload=False)
    app.debug = debug
    return app

def needs_app(name):
    return create_app(name)

def forgets_app():
    create_app("forgotten")
"""
ONE = "from cocopot import Cocopot\n{name} = Cocopot('{name}', autoload=False)\n"
FACTORY = "from cocopot import Cocopot\ndef {name}(x=1):\n    return Cocopot('{name}', autoload=False)\n"


def loaded(target: str | None = None) -> str:
    """Return the name of the application that is found."""
    return AppLoader(target).load().name


def error_message(target: str | None = None) -> str:
    """Return why no application is found."""
    with pytest.raises(NoAppError) as caught:
        AppLoader(target).load()
    return caught.value.message


# -------------------------------------------------------------------------
# Where it is
# -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("shop", "the app"),
        ("shop:", "the app"),
        (" shop : app ", "the app"),
        ("shop:other", "the other"),
        ("shop:Nested.inner", "the inner"),
        ("shop:create_app", "made"),
        ("shop:create_app()", "made"),
        ("shop:create_app('the dev', debug=True)", "the dev"),
        ("shop:needs_app('a:b')", "a:b"),
        ("shop.py:other", "the other"),
        ("./shop.py", "the app"),
    ],
)
def test_target(folder: Path, target: str, name: str) -> None:
    """A target names a module or a file, and an application in it, or a factory with its arguments."""
    (folder / "shop.py").write_text(SHOP)
    app = AppLoader(target).load()
    assert (app.name, app.debug) == (name, "debug=True" in target)


@pytest.mark.parametrize("target", ["src/store/web.py", "src/store/web", "./src/store/web.py:app"])
def test_path(folder: Path, target: str) -> None:
    """The module's name is worked out from its path: as far up as there are packages."""
    package = folder / "src" / "store"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "names.py").write_text("NAME = 'by its path'\n")
    (package / "web.py").write_text(
        "from cocopot import Cocopot\nfrom .names import NAME\napp = Cocopot(NAME, autoload=False)\n"
    )
    if target == "src/store/web":
        (package / "web.py").rename(package / "web_.py")
        (package / "web").mkdir()
        (package / "web_.py").rename(package / "web" / "__init__.py")
        (package / "web" / "names.py").write_text("NAME = 'by its path'\n")
    app = AppLoader(target).load()
    assert app.name == "by its path"


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("src/hello", "hello"),
        ("src/store/__init__", "package"),
        ("src/store.web", "web"),
        ("src/store.web:app", "web"),
        ("src/store/web", "web"),
    ],
)
def test_path_without_suffix(folder: Path, target: str, name: str) -> None:
    """The suffix of a file may be omitted, and a dotted name may follow a folder."""
    (folder / "src" / "store").mkdir(parents=True)
    for file, text in {"hello": "hello", "store/__init__": "package", "store/web": "web"}.items():
        app = f"from cocopot import Cocopot\napp = Cocopot({text!r}, autoload=False)\n"
        (folder / "src" / f"{file}.py").write_text(app)
    assert loaded(target) == name


def test_init_file(folder: Path) -> None:
    """A package may be named by its file."""
    (folder / "store").mkdir()
    (folder / "store" / "__init__.py").write_text(ONE.format(name="app"))
    assert loaded("store/__init__.py") == "app"


def test_dotted_name(folder: Path) -> None:
    """A dotted name starts from the working directory."""
    (folder / "store").mkdir()
    (folder / "store" / "web.py").write_text(ONE.format(name="app"))
    assert loaded("store.web") == "app"


def test_folder_is_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory comes before the other folders of Python's path, also if it is one of them."""
    (folder / "other").mkdir()
    for name in ("store.py", "other/store.py"):
        (folder / name).write_text(ONE.format(name="app" if name == "store.py" else "application"))
    monkeypatch.setattr(sys, "path", [str(folder / "other"), str(folder), *sys.path])
    assert loaded("store") == "app"


@pytest.mark.parametrize("name", ["app", "application", "anything", "create_app", "make_app"])
def test_found_without_a_name(folder: Path, name: str) -> None:
    """The default is `app`, `application`, a single application of any name, or the result of a factory."""
    (folder / "store.py").write_text((FACTORY if name.endswith("_app") else ONE).format(name=name))
    assert loaded("store") == name


def test_order_of_names(folder: Path) -> None:
    """An application comes before a factory, and `app` before `application`."""
    text = FACTORY.format(name="create_app") + ONE.format(name="application")
    (folder / "first.py").write_text(text)
    (folder / "second.py").write_text(text + ONE.format(name="app"))
    assert (loaded("first"), loaded("second")) == ("application", "app")


def test_factory_that_needs_arguments(folder: Path) -> None:
    """A factory that cannot be called without arguments is skipped if another factory can."""
    (folder / "store.py").write_text("def create_app(x): ...\n" + FACTORY.format(name="make_app"))
    assert loaded("store") == "make_app"


@pytest.mark.parametrize("file", ["src/json.py", "src/sys.py", "src/json", "src/json/__init__.py"])
def test_name_that_is_taken(folder: Path, file: str) -> None:
    """A file whose name belongs to another module is an error that names the other module."""
    path = folder / file if file.endswith(".py") else folder / file / "__init__.py"
    path.parent.mkdir(parents=True)
    path.write_text(ONE.format(name="app"))
    module = sys.modules["sys" if "sys" in file else "json"]
    where = getattr(module, "__file__", "a module of Python")
    assert f"{file} cannot be imported as {module.__name__!r}: {where} has that name." in error_message(file)


def test_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COCOPOT_APP is the target if none is passed, and comes before the default files."""
    (folder / "shop.py").write_text(SHOP)
    (folder / "app.py").write_text(ONE.format(name="app"))
    monkeypatch.setenv("COCOPOT_APP", "shop:other")
    assert loaded() == "the other"
    assert loaded("shop:app") == "the app"


def test_default_files(folder: Path) -> None:
    """Without a target it is `app.py`, or else `wsgi.py`."""
    (folder / "wsgi.py").write_text(ONE.format(name="application"))
    assert loaded() == "application"
    (folder / "app.py").write_text(ONE.format(name="app"))
    assert loaded() == "app"


def test_loaded_once(folder: Path) -> None:
    """The module is imported once, and an error is raised again without another try."""
    (folder / "app.py").write_text(FACTORY.format(name="create_app"))
    loader = AppLoader()
    assert loader.load() is loader.load()
    (folder / "wrong.py").write_text(
        "with open('tries', 'a') as file:\n    file.write('x')\nraise ValueError('mine')\n"
    )
    wrong = AppLoader("wrong")
    for _ in range(2):
        with pytest.raises(ValueError, match="mine"):
            wrong.load()
    assert (folder / "tries").read_text() == "x"


# -------------------------------------------------------------------------
# Errors if there is no application
# -------------------------------------------------------------------------


def test_nothing_at_all(folder: Path) -> None:
    """Without a target and default files, the message lists what was tried."""
    message = error_message()
    for tried in (
        "--app, which was not passed",
        "COCOPOT_APP, which is not set",
        "app.py and wsgi.py",
        str(folder),
    ):
        assert tried in message


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("nowhere", ["The application 'nowhere' was not found", "the module 'nowhere' in"]),
        ("shop.web", ["no module has the name 'shop.web'", "Did you mean --app shop:web?"]),
        ("src/nowhere.py", ["The file 'src/nowhere.py' does not exist"]),
        ("src/nowhere", ["The file 'src/nowhere' does not exist"]),
        ("src/nowhere.web", ["The file 'src/nowhere.web' does not exist"]),
        ("./json.tool", ["The file './json.tool' does not exist"]),
        (
            "shop:nothing",
            ["'shop' has no 'nothing'. It has: app, other, create_app(), needs_app(),"],
        ),
        ("shop:app.nothing", ["'shop' has no 'app.nothing'"]),
        (
            "shop:number",
            ["'number' in the module 'shop' is of type int, not a Cocopot application"],
        ),
        ("shop:app()", ["'app' in the module 'shop' is of type Cocopot"]),
        ("shop:needs_app", ["needs_app(name) cannot be called", "missing a required argument: 'name'"]),
        ("shop:create_app(1, 2)", ["too many positional arguments"]),
        ("shop:create_app(**{'name': 'x'})", ["got an unexpected keyword argument '**'"]),
        ("shop:forgets_app", ["forgets_app() returned None, not a Cocopot application"]),
        ("shop:create_app(number)", ["neither a name nor a call with plain values"]),
        ("shop:create_app(", ["neither a name nor a call with plain values"]),
        ("shop:1 + 1", ["neither a name nor a call with plain values"]),
        ("shop:create_app({[1]: 2})", ["neither a name nor a call with plain values"]),
        (f"shop:create_app({'-' * 9000}1)", ["neither a name nor a call with plain values"]),
        ("builtins:dict", ["The factory dict() returned an object of type dict, not a"]),
        (".", ["'.' is not a module. Name one such as shop.web"]),
        (".shop", ["'.shop' is not a module"]),
        (f"{'a' * 5000}.py", ["The file 'aaa", "(File name too long)"]),
        ("a\0.py", ["The file 'a\\x00.py' does not exist"]),
        ("shop:print('x')()", ["neither a name nor a call with plain values"]),
    ],
)
def test_error_messages(folder: Path, target: str, parts: list[str]) -> None:
    """Each message names what was searched for, and the candidates."""
    (folder / "shop.py").write_text(SHOP)
    message = error_message(target)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("x = 1\n", "There is no application in the module 'store'. Tried, in this order: app, application;"),
        (ONE.format(name="a") + ONE.format(name="b"), "has several applications: a, b. Name one"),
        ("app = 7\n", "There is no application in the module 'store'"),
        ("def create_app(name): ...\n", "The factory create_app(name) cannot be called"),
        ("def create_app(): return 7\n", "The factory create_app() returned an object of type int"),
    ],
)
def test_nothing_in_the_module(folder: Path, text: str, part: str) -> None:
    """A module without an application, or with several, is an error."""
    (folder / "store.py").write_text(text)
    assert part in error_message("store")


# -------------------------------------------------------------------------
# Errors of the application
# -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import no_such_module_of_mine\n", ModuleNotFoundError),
        ("import wrong.inner\n", ModuleNotFoundError),
        ("from os import nothing\n", ImportError),
        ("def create_app():\n    return int('x')\n", ValueError),
        ("def create_app():\n    len()\n", TypeError),
        ("not a program\n", SyntaxError),
        ("raise SystemExit(3)\n", SystemExit),
    ],
)
def test_own_errors(folder: Path, text: str, kind: type[BaseException]) -> None:
    """Exceptions of the application's own code propagate unchanged."""
    (folder / "wrong.py").write_text(text)
    with pytest.raises(kind):
        AppLoader("wrong").load()
