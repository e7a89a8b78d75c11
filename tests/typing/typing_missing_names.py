"""A type checker reports names that are missing, although they are explained at run time."""

from __future__ import annotations

import cocopot
from cocopot import Cocopot

app = Cocopot(__name__)

one = cocopot.Markup  # type: ignore[attr-defined]
two = app.before_first_request  # type: ignore[attr-defined]
three = app.permanent_session_lifetime  # type: ignore[attr-defined]
