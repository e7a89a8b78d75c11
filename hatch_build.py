"""Compile `cocopot/speedups/_compiled.pyx` into the wheel, where there is a C compiler.

Where there is none, and where Python is not CPython with its lock, the wheel is one for every machine.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "cocopot.speedups._compiled"
SOURCE = "cocopot/speedups/_compiled.pyx"


class CompileHook(BuildHookInterface[Any]):
    """Adds the compiled module to a wheel, or for an editable installation to the checkout."""

    _folder = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is put together."""
        place = Path(SOURCE).with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
        if version == "editable":
            with contextlib.suppress(OSError):
                # What was compiled of an earlier source; a process that uses it still has it.
                Path(self.root, place).unlink(missing_ok=True)
        if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
            return
        self._folder = tempfile.mkdtemp()
        try:
            compiled = compile_module(Path(self.root), Path(self._folder))
            if version == "editable":
                shutil.copyfile(compiled, Path(self.root, place))
        except Exception as error:  # noqa: BLE001 - whatever is missing, Cocopot works without
            self.app.display_warning(f"{SOURCE} is not compiled, Cocopot will be slower: {error}")
            return
        if version != "editable":
            build_data["force_include"][str(compiled)] = str(place)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, *_: object) -> None:
        """Clean up when the wheel is there."""
        shutil.rmtree(self._folder, ignore_errors=True)


def compile_module(root: Path, folder: Path) -> Path:
    """Return the compiled module, which is put into a folder of its own."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    options = [] if sys.platform == "win32" else ["-g0"]
    extensions = cythonize(  # type: ignore[no-untyped-call]
        [Extension(MODULE, [str(root / SOURCE)], extra_compile_args=options)],
        build_dir=str(folder),
        quiet=True,
    )
    command = build_ext(Distribution({"name": "cocopot", "ext_modules": extensions}))
    command.build_lib = command.build_temp = str(folder)
    command.ensure_finalized()
    command.run()
    (compiled,) = map(Path, command.get_outputs())
    return compiled
