"""The error that the commands report."""

from __future__ import annotations


class MigrationError(Exception):
    """A migration cannot be written, applied, undone or removed; the message has the cure."""
