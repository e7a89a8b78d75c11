"""Migrations of the application and of plugins."""

from __future__ import annotations


class Migrations:
    """The part of the plugin that is about migrations; its base class."""
