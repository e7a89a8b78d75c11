"""Protection from cross-site request forgery, by what browsers state about the sender of a request."""

from __future__ import annotations

from cocopot_csrf.hooks import CSRFHooks
from cocopot_csrf.plugin import CSRF, CSRFError
from cocopot_csrf.verification import Reason

__all__ = ["CSRF", "CSRFError", "CSRFHooks", "Reason"]
