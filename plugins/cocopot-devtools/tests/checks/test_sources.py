from __future__ import annotations

import ast
import textwrap
from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.sources import check_source, config_reads, read_sources

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot_devtools.checks.sources import Source


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plugin.py"


def parse(file: Path, text: str) -> Source:
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    (source,), findings = read_sources([file])
    assert findings == []
    return source


def codes(file: Path, text: str) -> list[tuple[str, int]]:
    return [(finding.code, finding.line) for finding in check_source(parse(file, text))]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import cocopot.pipeline.lifecycle", "cocopot.pipeline.lifecycle"),
        ("import cocopot.hooks.specs as contract", "cocopot.hooks.specs"),
        ("from cocopot.app import Cocopot", "cocopot.app.Cocopot"),
        ("from cocopot.pipeline import lifecycle", "cocopot.pipeline.lifecycle"),
        ("from cocopot import _secret", "cocopot._secret"),
        ("from cocopot.testing import _hidden", "cocopot.testing._hidden"),
        ("from cocopot.testing.client import Client", "cocopot.testing.client.Client"),
        ("from importlib import import_module; import_module('cocopot.app')", "cocopot.app"),
        ("if TYPE_CHECKING: from cocopot.context import Context", "cocopot.context.Context"),
        ("def later(): from cocopot.app import Cocopot", "cocopot.app.Cocopot"),
    ],
)
def test_private_imports(file: Path, line: str, what: str) -> None:
    """Whatever is imported of Cocopot below its public modules is found, anywhere in a file."""
    (finding,) = check_source(parse(file, line))
    assert (finding.code, finding.line) == ("CP301", 1)
    assert finding.message == f"It imports {what}, which is not public."


@pytest.mark.parametrize(
    "line",
    [
        "import cocopot",
        "from cocopot import Cocopot, hookimpl, request",
        "from cocopot import testing",
        "from cocopot.testing import Client, make_app",
        "from cocopot.json import DefaultJSONProvider",
        "import cocopot_cors.plugin",
        "from .lifecycle import step",
        "from werkzeug.exceptions import NotFound",
        "from importlib import import_module; import_module('json')",
    ],
)
def test_public_imports(file: Path, line: str) -> None:
    """What is public, and what belongs to others, may be imported."""
    assert codes(file, line) == []


@pytest.mark.parametrize(
    "line",
    [
        "import cocopot; cocopot.pipeline.lifecycle.handle_request",
        "import cocopot; cocopot._secret",
        "import cocopot as framework; framework.hooks.specs",
        "import cocopot.testing; cocopot.testing._hidden",
        "def cocopot_setup(app): app._loader.check()",
        "def cocopot_addhooks(pluginmanager): pluginmanager._lock",
        "from cocopot import current_app; current_app._start_lock",
    ],
)
def test_private_attributes(file: Path, line: str) -> None:
    """What is reached by attributes is as private as what is imported, and is found once."""
    assert codes(file, line) == [("CP301", 1)]


@pytest.mark.parametrize(
    "line",
    [
        "import cocopot; cocopot.Cocopot; cocopot.testing.Client; cocopot.__name__",
        "import other as cocopot; cocopot.pipeline.lifecycle",
        "app.plugins; app.__class__; self._app._loader; request._demo_user",
    ],
)
def test_public_attributes(file: Path, line: str) -> None:
    """Public attributes, and private ones of the plugin's own objects, are not findings."""
    assert codes(file, line) == []


def test_hooks_without_annotations(file: Path) -> None:
    """A hook implementation lacks what it does not annotate, but for `self`."""
    source = parse(
        file,
        """
        class Demo:
            @hookimpl
            def cocopot_setup(self, app): ...

            @cocopot.hookimpl(tryfirst=True)
            def cocopot_startup(self, app: Cocopot): ...

            @hookimpl
            def cocopot_shutdown(self, app: Cocopot) -> None: ...

            def helper(self, app): ...
        """,
    )
    assert [(finding.code, finding.line, finding.message) for finding in check_source(source)] == [
        ("CP602", 4, "cocopot_setup has no annotation for app, return."),
        ("CP602", 7, "cocopot_startup has no annotation for return."),
    ]


def test_config_reads(file: Path) -> None:
    """Keys are read off texts and constants, wherever the configuration is read, not where it is set."""
    source = parse(
        file,
        """
        KEY = "DEMO_CONSTANT"
        TYPED: str = "DEMO_TYPED"
        def use(app, config, name):
            app.config["DEMO_ITEM"], config.get("DEMO_GET", 1), app.config.setdefault("DEMO_SET", 2)
            app.config[KEY], app.config[TYPED], "DEMO_IN" in app.config
            app.config["DEMO_WRITTEN"] = 1
            app.config[name], app.config["lower"], config.get(), app.options["DEMO_OTHER"]
        """,
    )
    assert sorted((read.key, read.line) for read in config_reads(source)) == [
        ("DEMO_CONSTANT", 6),
        ("DEMO_GET", 5),
        ("DEMO_IN", 6),
        ("DEMO_ITEM", 5),
        ("DEMO_SET", 5),
        ("DEMO_TYPED", 6),
    ]


def test_source_that_is_nested_too_deeply(file: Path) -> None:
    """A file that no version of Python can parse is a finding, whatever parsing it raises."""
    file.write_text(f"x = {'-' * 100_000}1", encoding="utf-8")
    sources, (finding,) = read_sources([file])
    assert (sources, finding.code, finding.message[-1]) == ([], "CP303", ".")


def test_source_that_only_some_versions_can_parse(file: Path) -> None:
    """Deep nesting is reported where this version of Python cannot parse it, and checked where it can."""
    text = f"import cocopot._x\nx = {'-' * 5_000}1"
    file.write_text(text, encoding="utf-8")
    sources, findings = read_sources([file])
    assert [finding.code for finding in findings] == ([] if is_parsed(text) else ["CP303"])
    assert [finding.code for source in sources for finding in check_source(source)] == ["CP301"] * len(
        sources
    )
    assert len(sources) + len(findings) == 1


def is_parsed(text: str) -> bool:
    """Return whether this version of Python can parse a text."""
    try:
        ast.parse(text)
    except (RecursionError, MemoryError):
        return False
    return True


def test_a_file_that_is_gone(file: Path) -> None:
    """A file that cannot be opened is a finding."""
    (finding,) = read_sources([file])[1]
    assert (finding.code, finding.file) == ("CP303", str(file))
    assert finding.message.startswith("FileNotFoundError: ")


def test_a_long_chain_of_attributes(file: Path) -> None:
    """As deep as Python can parse, attributes are inspected."""
    assert codes(file, f"import cocopot; x{'.x' * 1200}; cocopot{'._x' * 1200}") == [("CP301", 1)]


@pytest.mark.parametrize(("text", "line"), [("x = 1\ndef broken(:", 2), ("x = '\0'", 0)])
def test_unreadable_files(file: Path, text: str, line: int) -> None:
    """A file that is not Python is a finding that states where, and does not stop the others."""
    file.write_text(text, encoding="utf-8")
    sources, (finding,) = read_sources([file])
    assert sources == []
    assert (finding.code, finding.file, finding.line) == ("CP303", str(file), line)
