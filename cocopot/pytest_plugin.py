"""The pytest plugin: fixtures for the tests of applications and of plugins.

pytest imports this module, and with it the package `cocopot`, in every run in which Cocopot is installed.
Modules that only the fixtures need, such as the test client and the command line, are imported on first use.
"""

from __future__ import annotations

import json
import shlex
from contextlib import chdir, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cocopot.app import Cocopot
    from cocopot.testing import Client, CliRunner, Recorder


# -------------------------------------------------------------------------
# Options
# -------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of Cocopot."""
    parser.getgroup("cocopot").addoption(
        "--cocopot-config",
        action="append",
        metavar="NAME=VALUE ...",
        help="Run the tests that use `app` with this configuration, values as JSON or text; if passed "
        "several times, once with each. Overrides the ini option cocopot_config.",
    )
    parser.addini("cocopot_config", "Configurations for `app`, one per line: NAME=VALUE ...", type="linelist")
    parser.addini("cocopot_app", "The application for `app`: MODULE[:NAME], as for `cocopot --app`.")
    parser.addini("cocopot_plugins", "The installed plugins that `app` loads: names, or `all`.", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Check the options before the first test runs."""
    for text in _configurations(config):
        parse_configuration(text)
    if config.getini("cocopot_app") and config.getini("cocopot_plugins"):
        raise pytest.UsageError(
            "cocopot_app names an application, which selects its own plugins: remove cocopot_plugins, or "
            "cocopot_app."
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses `cocopot_config`, directly or by `app`, once with each configuration."""
    texts = _configurations(metafunc.config)
    if texts and "cocopot_config" in metafunc.fixturenames and not _parametrizes_config(metafunc):
        configs = [parse_configuration(text) for text in texts]
        metafunc.parametrize("cocopot_config", configs, ids=texts, indirect=True)


def _configurations(config: pytest.Config) -> list[str]:
    return config.getoption("cocopot_config") or config.getini("cocopot_config")  # type: ignore[no-any-return]


def _parametrizes_config(metafunc: pytest.Metafunc) -> bool:
    """Whether a test is parametrized with its own configurations."""
    parameters = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize") if mark.args]
    return any(
        "cocopot_config" in (names.split(",") if isinstance(names, str) else names) for names in parameters
    )


def parse_configuration(text: str) -> dict[str, object]:
    """Parse a configuration of the form `NAME=VALUE NAME=VALUE`.

    Args:
        text: The configuration; parts are separated as in a shell, values are JSON or plain text.

    Raises:
        pytest.UsageError: If the text is invalid.
    """
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise pytest.UsageError(f"The configuration {text!r} is invalid: {error}.") from None
    config: dict[str, object] = {}
    for part in parts:
        name, delimiter, value = part.partition("=")
        if not (delimiter and name.isupper()):
            raise pytest.UsageError(
                f"{part!r} in the configuration {text!r} is not NAME=VALUE with an upper-case name."
            )
        if value in {"True", "False", "None"}:
            raise pytest.UsageError(
                f"{part!r} in the configuration {text!r} would be a text, because values are JSON: write "
                "true, false or null."
            )
        try:
            config[name] = json.loads(value)
        except ValueError:
            config[name] = value
    return config


# -------------------------------------------------------------------------
# Fixtures
# -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cocopot_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The configuration of this run of the test; an `app` fixture of your own may use it."""
    return dict(getattr(request, "param", {}))


@pytest.fixture
def app(request: pytest.FixtureRequest, cocopot_config: dict[str, Any]) -> Iterator[Any]:
    """The application of the ini option cocopot_app, or a new one with the plugins of cocopot_plugins."""
    if (other := _fixture_of_another_plugin(request)) is not None:
        yield other
        return
    app = _load_app(request) if request.config.getini("cocopot_app") else _make_app(request)
    with _configured(app, {"TESTING": True, **cocopot_config}):
        try:
            yield app
        finally:
            app.close()


@pytest.fixture
def client(request: pytest.FixtureRequest, app: Cocopot) -> Client:
    """A test client of `app`."""
    return _fixture_of_another_plugin(request) or app.test_client()


@pytest.fixture
def runner(request: pytest.FixtureRequest, app: Cocopot) -> CliRunner:
    """A runner for the commands of `app`."""
    return _fixture_of_another_plugin(request) or app.test_cli_runner()


@pytest.fixture
def hook_recorder(app: Cocopot) -> Iterator[Recorder]:
    """A recorder of the hook calls of `app` during the test."""
    from cocopot.testing import recorder

    with recorder(app) as recorded:
        yield recorded


def _fixture_of_another_plugin(request: pytest.FixtureRequest) -> Any:
    """Return the value of the fixture of this name that another pytest plugin defines, or `None`.

    It takes precedence, so that a project of another framework gets its own `client` although Cocopot is
    installed.
    """
    name = str(request.fixturename)
    try:
        return request.getfixturevalue(name)
    except pytest.FixtureLookupError as error:
        if error.argname != name:
            raise
        return None


def _make_app(request: pytest.FixtureRequest) -> Cocopot:
    from cocopot.testing import make_app

    names: list[str] = request.config.getini("cocopot_plugins")
    autoload = True if names == ["all"] else names or False
    # The import name is that of the test's file, so that its folders are found beside it.
    return make_app(autoload=autoload, import_name=request.path.stem, root_path=str(request.path.parent))


def _load_app(request: pytest.FixtureRequest) -> Cocopot:
    """Import the application; a factory is called again for each test."""
    from cocopot.cli.loading import AppLoader, NoAppError

    target = request.config.getini("cocopot_app")
    try:
        # The configuration belongs to the whole project, whichever folder pytest was started in.
        with chdir(request.config.rootpath):
            return AppLoader(target).load()
    except NoAppError as error:
        pytest.fail(f"cocopot_app = {target} in pytest's configuration: {error.message}", pytrace=False)


@contextmanager
def _configured(app: Cocopot, config: Mapping[str, object]) -> Iterator[None]:
    """Configure an application for one test, and restore it for the next."""
    before = {key: app.config[key] for key in config if key in app.config}
    app.config.update(config)
    try:
        yield
    finally:
        for key in config:
            if key in before:
                app.config[key] = before[key]
            else:
                app.config.pop(key, None)
