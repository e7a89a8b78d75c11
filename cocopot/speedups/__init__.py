"""The functions of the hot path that are worth compiling.

Where the distribution was built with a C compiler they are those of `_compiled.pyx`, else those of
`python.py`, which do the same. `COCOPOT_PURE_PYTHON=1` in the environment chooses the latter.
"""

import contextlib
import os

from cocopot.speedups import python as chosen

if not os.environ.get("COCOPOT_PURE_PYTHON"):
    with contextlib.suppress(ImportError):
        from cocopot.speedups import _compiled as chosen  # type: ignore[no-redef]

Lazy = chosen.Lazy
LazyArguments = chosen.LazyArguments
LazyHeaders = chosen.LazyHeaders
match_plain = chosen.match_plain
new = chosen.new
plain_arguments = chosen.plain_arguments
see_through = chosen.see_through
text_answer = chosen.text_answer

#: Whether they are the compiled ones.
COMPILED = chosen.__name__.endswith("_compiled")
