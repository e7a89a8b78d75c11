"""cocopot-sqlalchemy, built as a wheel and installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT, run

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

APPLICATION = """
    from cocopot import request
    from cocopot_sqlalchemy import db
    from sqlalchemy import text

    app.add_url_rule("/", "index", lambda: str(request.db.scalar(text("SELECT sqlite_version()"))))
    response = app.test_client().get("/")
    result = [response.status_code, db(app).engine.url.database.endswith("/instance/app.sqlite")]
    """


@pytest.fixture(scope="module")
def shop(environment: MakeEnvironment) -> Environment:
    """An environment with the plugin of this checkout, built as a wheel, and with SQLAlchemy."""
    made = environment(CHECKOUT / "plugins" / "cocopot-sqlalchemy")
    made.install("sqlalchemy>=2.0.36", "alembic>=1.14", dependencies=True)
    return made


def test_the_installed_plugin(shop: Environment) -> None:
    """With nothing but its installation, requests have a session, and its template is in the wheel."""
    outcome = shop.start(APPLICATION)
    assert outcome.plugins == [["sqlalchemy", "cocopot-sqlalchemy", "1.0.0"]]
    assert outcome.result == [200, True]
    assert (shop.packages / "cocopot_sqlalchemy" / "templates" / "sqlalchemy" / "pagination.html").exists()


def test_a_disabled_plugin(shop: Environment) -> None:
    """Without it there is no `request.db`, and a request creates no file."""
    folder = shop.write_application("result = hasattr(app, 'db')", disable={"sqlalchemy"})
    run(shop.python, "-c", "import application; application.app.test_client().get('/')", cwd=folder)
    assert not (folder / "instance").exists()


def test_passwords_are_masked(shop: Environment) -> None:
    """`cocopot config` shows no password of a database, wherever it is."""
    folder = shop.write_application(
        """
        app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql://me:hush1@db/shop"
        app.config["SQLALCHEMY_BINDS"] = {
            "log": {"url": "postgresql://me:hush2@db/log", "connect_args": {"password": "hush3"}},
            "old": "postgresql:///old?password=hush4",
        }
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"password": "hush5"}}
        """
    )
    shown = run(shop.python, "-m", "cocopot", "-A", "application", "config", cwd=folder).stdout
    assert "SQLALCHEMY_BINDS" in shown
    assert "postgresql://me:" in shown
    assert "hush" not in shown
