"""The proxy `db_session`: the session of the current context."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from werkzeug.local import LocalProxy

from cocopot_sqlalchemy.database import db

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: The session of the current context of the current application, `db().session`.
db_session = cast("Session", LocalProxy(lambda: db().session))
