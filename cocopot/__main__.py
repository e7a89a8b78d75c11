"""`python -m cocopot`: the `cocopot` command."""

from __future__ import annotations

from cocopot.cli import main

main(prog_name="cocopot")
