"""The application's logger: where its records go, and how they look."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cocopot import Cocopot
from cocopot.logs import LOG_FORMAT, create_logger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Cocopot:
    app = Cocopot(__name__, autoload=False)
    app.name = f"logs.{request.node.name}"
    return app


@pytest.fixture
def alone(app: Cocopot) -> Iterator[logging.Logger]:
    """The application's logger, cut off from the handlers further up."""
    logger = logging.getLogger(app.name)
    logger.propagate = False
    yield logger
    logger.propagate = True
    logger.handlers.clear()


class TestHandler:
    def test_only_if_needed(self, app: Cocopot) -> None:
        """The logger gets no handler where one further up takes its records."""
        root = logging.getLogger()
        handler = logging.NullHandler()
        root.addHandler(handler)
        try:
            assert create_logger(app, LOG_FORMAT).handlers == []
        finally:
            root.removeHandler(handler)

    def test_writes_to_standard_error(
        self, app: Cocopot, alone: logging.Logger, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Outside of a request, records go to the current standard error."""
        create_logger(app, LOG_FORMAT).warning("hello")
        assert "WARNING in test_logs: hello" in capsys.readouterr().err

    def test_writes_to_the_server(
        self, app: Cocopot, alone: logging.Logger, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """In a request, records go to the error stream of the server."""
        errors = io.StringIO()
        app.add_url_rule("/boom", view_func=lambda: str(1 // 0))
        app.test_client().get("/boom", errors_stream=errors)
        assert "ERROR in overrides: Exception on /boom [GET]" in errors.getvalue()
        assert "ZeroDivisionError" in errors.getvalue()
        assert capsys.readouterr().err == ""

    def test_server_without_a_stream(
        self, app: Cocopot, alone: logging.Logger, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A server that passes no error stream costs no record."""
        with app.test_request_context("/") as context:
            assert context.request is not None
            del context.request.environ["wsgi.errors"]
            app.logger.warning("hello")
        assert "hello" in capsys.readouterr().err

    def test_format(self, app: Cocopot, alone: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
        """The handler uses the format of the application."""
        create_logger(app, "%(levelname)s|%(message)s").error("hello")
        assert capsys.readouterr().err == "ERROR|hello\n"


class TestLevel:
    def test_kept_in_debug_mode(self, app: Cocopot, alone: logging.Logger) -> None:
        """A level that has been set stays, even in debug mode."""
        alone.setLevel(logging.ERROR)
        app.debug = True
        assert app.logger.level == logging.ERROR

    def test_of_the_root_logger(self, app: Cocopot) -> None:
        """Without debug mode the level is left to the loggers further up."""
        assert create_logger(app, LOG_FORMAT).level == logging.NOTSET


def test_two_applications(capsys: pytest.CaptureFixture[str]) -> None:
    """Applications of different names have different loggers."""
    one, two = Cocopot("logs_one", autoload=False), Cocopot("logs_two", autoload=False)
    assert one.logger is not two.logger
    assert (one.logger.name, two.logger.name) == ("logs_one", "logs_two")


def test_in_a_program_of_its_own(tmp_path: Path) -> None:
    """Without a logging configuration, a failed request is written to standard error, once."""
    script = tmp_path / "bakery.py"
    script.write_text(
        "from cocopot import Cocopot\n"
        "app = Cocopot(autoload=False)\n"
        "app.route('/')(lambda: 1 // 0)\n"
        "assert app.test_client().get('/').status_code == 500\n"
    )
    output = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert output.stdout == ""
    assert output.stderr.count("ERROR in overrides: Exception on / [GET]") == 1
    assert "[20" in output.stderr.splitlines()[0]
