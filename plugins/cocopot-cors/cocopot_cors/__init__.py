"""Cross-origin resource sharing for Cocopot: the server's half of the CORS protocol of the Fetch standard."""

from __future__ import annotations

from cocopot_cors.plugin import CORS

__all__ = ["CORS"]
