"""Sessions in signed cookies, Redis, SQL databases, or files."""

from __future__ import annotations

from cocopot_session.plugin import Sessions

__all__ = ["Sessions"]
