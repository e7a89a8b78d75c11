"""The application's logger: where its records go, and how they look."""

from __future__ import annotations

import io
import logging
import logging.config
import subprocess
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from cocopot import Cocopot, hookimpl
from cocopot.logs import LOG_FORMAT, create_logger, log_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Iterator[Cocopot]:
    app = Cocopot(__name__, autoload=False)
    app.name = f"logs.{request.node.name}"
    yield app
    logger = logging.getLogger(app.name)
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


@contextmanager
def root_with(*handlers: logging.Handler) -> Iterator[logging.Logger]:
    """Give the root logger these handlers, in place of pytest's."""
    root = logging.getLogger()
    level, previous = root.level, root.handlers[:]
    root.handlers[:] = handlers
    try:
        yield root
    finally:
        root.setLevel(level)
        root.handlers[:] = previous


class Kept(logging.Handler):
    """A handler that keeps the messages."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def test_error_stream(app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
    """A configured handler can write to the error stream of the server; outside of requests to stderr."""
    handler = {"class": "logging.StreamHandler", "stream": "ext://cocopot.logs.wsgi_errors_stream"}
    with root_with():
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {"errors": handler},
                "root": {"handlers": ["errors"]},
            }
        )
        errors = io.StringIO()
        with app.test_request_context("/", errors_stream=errors):
            app.logger.error("inside")
        app.logger.error("outside")
    assert not app.logger.handlers
    assert (errors.getvalue(), capsys.readouterr().err) == ("inside\n", "outside\n")


class TestHandler:
    @pytest.mark.parametrize("level", [logging.NOTSET, logging.DEBUG, logging.WARNING])
    def test_only_if_needed(self, app: Cocopot, level: int) -> None:
        """The logger gets no handler where one further up accepts its records."""
        handler = Kept(level)
        with root_with(handler):
            app.logger.warning("hello")
        assert app.logger.handlers == []
        assert handler.messages == ["hello"]

    @pytest.mark.parametrize("level", [logging.ERROR, logging.CRITICAL])
    def test_a_handler_for_worse_is_not_enough(
        self, app: Cocopot, level: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A root handler that accepts only what is more severe does not silence the application."""
        with root_with(Kept(level)):
            app.logger.warning("hello")
        assert "WARNING in test_logs: hello" in capsys.readouterr().err

    def test_not_beyond_a_logger_that_does_not_propagate(
        self, app: Cocopot, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A root handler that records do not reach is not a handler."""
        with root_with(Kept()):
            logging.getLogger(app.name).propagate = False
            app.logger.warning("hello")
        assert "hello" in capsys.readouterr().err

    def test_a_null_handler_is_one(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """Whoever adds a `NullHandler` wants no output."""
        with root_with(logging.NullHandler()):
            app.logger.warning("hello")
        assert capsys.readouterr().err == ""

    def test_writes_to_standard_error(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """Outside of a request, records go to the current standard error."""
        with root_with():
            app.logger.warning("hello")
        assert "WARNING in test_logs: hello" in capsys.readouterr().err

    def test_writes_to_the_server(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """In a request, records go to the error stream of the server."""
        errors = io.StringIO()
        app.add_url_rule("/boom", view_func=lambda: str(1 // 0))
        with root_with():
            app.test_client().get("/boom", errors_stream=errors)
        assert "ERROR in overrides: Exception on /boom [GET]" in errors.getvalue()
        assert "ZeroDivisionError" in errors.getvalue()
        assert capsys.readouterr().err == ""

    def test_server_without_a_stream(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """A server that passes no error stream costs no record."""
        with root_with(), app.test_request_context("/") as context:
            assert context.request is not None
            del context.request.environ["wsgi.errors"]
            app.logger.warning("hello")
        assert "hello" in capsys.readouterr().err

    def test_format(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """The handler uses the format of the application."""
        app.log_format = "%(levelname)s|%(message)s"
        with root_with():
            app.logger.error("hello")
        assert capsys.readouterr().err == "ERROR|hello\n"

    def test_two_applications_with_one_name(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """Applications of one name have one logger, and their records are written once."""
        other = Cocopot("other", autoload=False)
        other.name = app.name
        with root_with():
            app.logger.warning("one")
            other.logger.warning("two")
        assert other.logger is app.logger
        assert capsys.readouterr().err.count("WARNING") == 2


class TestConfigured:
    """What the application has configured stays."""

    CONFIGURATION: dict[str, Any] = {  # noqa: RUF012 - not changed
        "version": 1,
        "handlers": {"kept": {"()": Kept}},
        "disable_existing_loggers": False,
    }

    def configure(self, app: Cocopot) -> list[str]:
        """Configure the application's logger, and return the list in which its messages will be."""
        logger = {"handlers": ["kept"], "level": "INFO", "propagate": False}
        logging.config.dictConfig({**self.CONFIGURATION, "loggers": {app.name: logger}})
        (handler,) = logging.getLogger(app.name).handlers
        assert isinstance(handler, Kept)
        return handler.messages

    @pytest.mark.parametrize("used_before", [False, True])
    @pytest.mark.parametrize("debug", [False, True])
    def test_dict_config(
        self, app: Cocopot, used_before: bool, debug: bool, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With `dictConfig`, before or after the first use, records go where it defines, once."""
        app.debug = debug
        with root_with():
            if used_before:
                app.logger.warning("before")
            capsys.readouterr()
            messages = self.configure(app)
            app.logger.info("hello")
            app.logger.debug("not this")
        assert messages == ["hello"]
        assert capsys.readouterr().err == ""

    def test_basic_config(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """With `basicConfig`, records have its format, and are written once."""
        with root_with():
            logging.basicConfig(format="basic %(message)s")
            app.logger.warning("hello")
        assert capsys.readouterr().err == "basic hello\n"

    def test_configured_after_the_first_use(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """The handler of the application writes nothing while there is one further up."""
        handler = Kept()
        with root_with() as root:
            app.logger.warning("one")
            root.addHandler(handler)
            app.logger.warning("two")
            root.removeHandler(handler)
            app.logger.warning("three")
        written = capsys.readouterr().err
        assert [word in written for word in ("one", "two", "three")] == [True, False, True]
        assert handler.messages == ["two"]

    @pytest.mark.parametrize("used_before", [False, True])
    def test_handlers_added_by_hand(self, app: Cocopot, used_before: bool) -> None:
        """A handler that is added to the logger stays, whether that has been used before or not."""
        handler = Kept(logging.ERROR)
        with root_with():
            if used_before:
                app.logger.warning("before")
            logging.getLogger(app.name).addHandler(handler)
            app.logger.error("hello")
        assert handler.messages == ["hello"]
        assert len(app.logger.handlers) == 2

    def test_a_file_beside_standard_error(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """A handler that is added to the logger itself is one beside that of the application."""
        handler = Kept()
        with root_with():
            app.logger.addHandler(handler)
            app.logger.warning("hello")
        assert handler.messages == ["hello"]
        assert "hello" in capsys.readouterr().err

    def test_caplog(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """pytest's `caplog` gets the records."""
        app.logger.warning("hello %s", "there")
        assert caplog.messages == ["hello there"]

    def test_create_logger(self, app: Cocopot) -> None:
        """`create_logger()` removes the handlers that the logger has, and configures it."""
        with root_with():
            messages = self.configure(app)
            logger = app.create_logger()
            logger.warning("hello")
        assert logger is app.logger
        assert messages == []
        assert [type(handler) for handler in logger.handlers] == [logging.StreamHandler]

    def test_override(self) -> None:
        """A subclass that overrides `create_logger` configures the logger itself."""

        class Shop(Cocopot):
            def create_logger(self) -> logging.Logger:
                return logging.getLogger("shop_logger")

        shop = Shop("shop_of_its_own", autoload=False)
        assert shop.logger.name == "shop_logger"
        shop.debug = True
        assert logging.getLogger("shop_of_its_own").level == shop.logger.level == logging.NOTSET


class TestLevel:
    def test_kept_in_debug_mode(self, app: Cocopot) -> None:
        """A level that has been set stays, even in debug mode, and when that ends."""
        logging.getLogger(app.name).setLevel(logging.ERROR)
        app.debug = True
        assert app.logger.level == logging.ERROR
        app.debug = False
        assert app.logger.level == logging.ERROR

    def test_of_the_root_logger(self, app: Cocopot) -> None:
        """Without debug mode the level is left to the loggers further up."""
        assert create_logger(app, LOG_FORMAT).level == logging.NOTSET

    def test_debug_mode_later(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """The logger follows debug mode when it is switched, and debug records are written."""
        with root_with(Kept(logging.WARNING)):
            app.logger.debug("one")
            app.debug = True
            app.logger.debug("two")
            app.debug = False
            app.logger.debug("three")
        assert capsys.readouterr().err.count("DEBUG in test_logs: two") == 1
        assert app.logger.level == logging.NOTSET

    def test_debug_mode_of_one_of_two(self, app: Cocopot) -> None:
        """An application without debug mode leaves the level to one of the same name that has it."""
        other = Cocopot("other", autoload=False)
        other.name = app.name
        app.debug = True
        assert app.logger is other.logger
        assert app.logger.level == logging.DEBUG

    def test_set_in_debug_mode(self, app: Cocopot) -> None:
        """A level that is set during debug mode stays after it."""
        app.debug = True
        app.logger.setLevel(logging.INFO)
        app.debug = False
        assert app.logger.level == logging.INFO


FORGED = "bad\n[2026-01-01] ERROR in auth: admin\r\nTraceback (most\x1b[2K\rERROR forged\x85ERROR\u2028ERROR"
SHOWN = (
    "bad\n    [2026-01-01] ERROR in auth: admin\n    "
    r"Traceback (most\x1b[2K\rERROR forged\x85ERROR\u2028ERROR"
)


def raise_noted() -> NoReturn:
    error = ValueError("plain")
    error.add_note(f"note {FORGED}")
    raise error


def raise_cause() -> NoReturn:
    raise ValueError("plain") from LookupError(FORGED)


def raise_in_handler() -> NoReturn:
    try:
        int("text")
    except ValueError:
        raise LookupError(FORGED)  # noqa: B904 - without a cause
    raise AssertionError


def raise_grouped() -> NoReturn:
    raise ExceptionGroup("plain", [ExceptionGroup("inner", [ValueError(FORGED)])])


def raise_syntax_error() -> NoReturn:
    raise SyntaxError(FORGED, ("file", 1, 1, "x = 1", 1, 2))


def raise_plainly() -> NoReturn:
    raise ValueError(FORGED)


RAISING = [raise_plainly, raise_noted, raise_cause, raise_in_handler, raise_grouped, raise_syntax_error]


def test_a_plain_traceback_is_that_of_python(app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing has to be escaped, handlers format the exception as they like."""

    def fail() -> NoReturn:
        raise ValueError("plain") from LookupError("cause")

    app.add_url_rule("/boom", view_func=fail)
    app.logger.propagate = True
    assert app.test_client().get("/boom").status_code == 500
    record = caplog.records[0]
    assert record.exc_info
    assert record.exc_text is None or record.exc_text.splitlines()[0] == "LookupError: cause"
    assert "".join(traceback.format_exception(record.exc_info[1])).count("ValueError: plain") == 1


class TestForgedLines:
    """What the message of an exception contains does not look like lines of the log."""

    @pytest.mark.parametrize("raise_forged", RAISING)
    @pytest.mark.parametrize("configured", [False, True])
    def test_in_a_message(
        self,
        app: Cocopot,
        raise_forged: Callable[[], NoReturn],
        configured: bool,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Further lines of a message are indented, controls are escaped, whoever formats the record."""
        app.add_url_rule("/boom", view_func=raise_forged)
        with root_with():
            if configured:
                logging.basicConfig(format="%(levelname)s %(message)s")
            assert app.test_client().get("/boom").status_code == 500
        written = capsys.readouterr().err
        forged = [
            line for line in written.splitlines() if line.startswith(("[2026-01-01", "Traceback (most\x1b"))
        ]
        assert not forged
        assert not {"\x1b", "\r", "\x85", "\u2028"} & set(written)
        assert SHOWN.splitlines()[2].strip() in written

    def test_by_a_child_logger(self, app: Cocopot, capsys: pytest.CaptureFixture[str]) -> None:
        """The tracebacks that a child logger writes with the application's handler are safe too."""
        with root_with():
            _ = app.logger
            logging.getLogger(f"{app.name}.views").error("failed", exc_info=ValueError(FORGED))
        assert f"ValueError: {SHOWN}\n" in capsys.readouterr().err

    def test_a_message_of_several_lines_is_readable(
        self, app: Cocopot, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A message of several lines is still one, and the traceback is otherwise Python's."""
        for message in ("the order:\n  - tea\n\t- milk", "one line"):
            app.logger.error("failed", exc_info=ValueError(message))
        assert "ValueError: the order:\n      - tea\n    \t- milk\n" in caplog.text
        assert caplog.records[1].exc_text == "ValueError: one line"  # what pytest's handler has formatted
        app.logger.error("no exception", exc_info=True)  # noqa: LOG014 - that is the case
        assert "no exception" in caplog.text


class TestFailures:
    @pytest.mark.parametrize("part", ["handler", "filter"])
    def test_a_logger_that_raises(self, app: Cocopot, part: str, capsys: pytest.CaptureFixture[str]) -> None:
        """An error of the logger is written to standard error, with the exception that it was to log."""

        def fail(record: logging.LogRecord) -> bool:
            raise LookupError("the logger failed")

        handler = Kept()
        vars(handler)["emit"] = fail
        with root_with(handler):
            if part == "filter":
                app.logger.addFilter(fail)
            log_failure(app, "hello", error=ValueError("the request\nfailed"))
            app.logger.filters.clear()
        written = capsys.readouterr().err
        assert "ValueError: the request\n    failed\n" in written
        assert "LookupError: the logger failed" in written

    def test_the_traceback_is_removed(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """A failure is logged with its traceback, which it does not keep, unless it is raised again."""
        with pytest.raises(ZeroDivisionError) as raised:
            str(1 // 0)
        log_failure(app, "a failure", error=raised.value, forget=False)
        lines = len(caplog.text.splitlines())
        log_failure(app, "a failure", error=raised.value)
        assert len(caplog.text.splitlines()) == 2 * lines
        assert raised.value.__traceback__ is None


def test_two_applications() -> None:
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


class UnprintableError(Exception):
    """One that `traceback` cannot format."""

    __class__ = property(lambda self: 1 // 0)


def test_an_exception_that_cannot_be_formatted(caplog: pytest.LogCaptureFixture) -> None:
    """Its record is not lost: it has the type, and the plugin that raised it."""

    class Plugin:
        plugin_name = "odd"

        @hookimpl
        def cocopot_teardown_request(self) -> None:
            raise UnprintableError

    app = Cocopot(__name__, autoload=False, plugins=[Plugin])
    app.add_url_rule("/", "index", lambda: "view")
    assert app.test_client().get("/").text == "view"
    expected = "UnprintableError, whose traceback cannot be formatted\nRaised by plugin 'odd' in hook"
    assert expected in logging.Formatter().format(caplog.records[-1])
