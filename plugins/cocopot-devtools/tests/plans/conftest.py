"""An application, and wheels for it."""

from __future__ import annotations

import base64
import hashlib
import textwrap
import zipfile
from pathlib import Path
from typing import Protocol

import pytest

#: The plugins of this checkout, which are installed beside what the tests plan.
OWN_PLUGINS = sorted(
    folder.name.removeprefix("cocopot-")
    for folder in Path(__file__).parents[3].iterdir()
    if folder.name.startswith("cocopot-") and folder.name != "cocopot-devtools"
)
APPLICATION = f"""
from cocopot import Cocopot

app = Cocopot(__name__, disable={OWN_PLUGINS})
app.add_url_rule("/", "index", lambda: "shop")
"""
METADATA = """\
Metadata-Version: 2.1
Name: cocopot-demo
Version: {version}
{metadata}
"""


class MakeWheel(Protocol):
    """Writes a wheel, and returns its path."""

    def __call__(
        self,
        source: str,
        *,
        version: str = "1.0",
        metadata: str = "",
        points: str = "[cocopot.plugins]\ndemo = cocopot_demo\n",
        tag: str = "py3-none-any",
    ) -> Path: ...


@pytest.fixture
def wheel(tmp_path: Path) -> MakeWheel:
    """Writes wheels of the distribution `cocopot-demo`, which has one module."""

    def make(
        source: str,
        *,
        version: str = "1.0",
        metadata: str = "",
        points: str = "[cocopot.plugins]\ndemo = cocopot_demo\n",
        tag: str = "py3-none-any",
    ) -> Path:
        info = f"cocopot_demo-{version}.dist-info"
        files = {
            "cocopot_demo.py": textwrap.dedent(source),
            f"{info}/METADATA": METADATA.format(version=version, metadata=metadata),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
            f"{info}/entry_points.txt": points,
        }
        lines = [f"{name},{_digest(text)},{len(text)}" for name, text in files.items()]
        files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
        path = tmp_path / "wheels" / f"cocopot_demo-{version}-{tag}.whl"
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return path

    return make


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an application in the working directory; pip uses no index."""
    path = tmp_path / "shop" / "app.py"
    path.parent.mkdir()
    path.write_text(APPLICATION, "utf-8")
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return path
