"""The functions of the hot path that are worth compiling.

Where the distribution was built with a C compiler they are those of `_compiled.pyx`, else those of
`python.py`, which do the same. `COCOPOT_PURE_PYTHON=1` in the environment chooses the latter.
"""

import os

from cocopot.config import is_true
from cocopot.speedups.python import LENGTH_HEADERS

try:
    if is_true(os.environ.get("COCOPOT_PURE_PYTHON", "")):
        raise ImportError  # noqa: TRY301 - as if it were not there
    from cocopot.speedups._compiled import (
        Lazy,
        LazyArguments,
        LazyHeaders,
        match_plain,
        new,
        plain_arguments,
        text_answer,
    )
except ImportError:  # also of a name that an old one does not have
    from cocopot.speedups.python import (
        Lazy,
        LazyArguments,
        LazyHeaders,
        match_plain,
        new,
        plain_arguments,
        text_answer,
    )

__all__ = [
    "COMPILED",
    "LENGTH_HEADERS",
    "Lazy",
    "LazyArguments",
    "LazyHeaders",
    "match_plain",
    "new",
    "plain_arguments",
    "text_answer",
]

#: Whether they are the compiled ones.
COMPILED = new.__module__ != "cocopot.speedups.python"
