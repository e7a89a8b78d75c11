"""`python -m cocopot`: the `cocopot` command."""

from __future__ import annotations

from cocopot.cli import main

# Processes that are started by this one import it too.
if __name__ == "__main__":
    main(prog_name="cocopot")
