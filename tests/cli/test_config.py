"""`cocopot config`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cocopot import Cocopot, hookimpl
from cocopot.cli.masking import MASK
from tests.cli.support import run, table

HERE = Path(__file__)


class Mail:
    """A plugin with defaults."""

    plugin_name = "mail"

    @hookimpl
    def cocopot_config_defaults(self) -> dict[str, Any]:
        return {"MAIL_HOST": "localhost", "MAIL_PASSWORD": "hidden"}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cocopot:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COCOPOT_DEBUG", raising=False)
    monkeypatch.setenv("COCOPOT_PAGE_SIZE", "50")
    (tmp_path / "settings.toml").write_text('SECRET_KEY = "signs"\nDATABASE = "db://ada:p@host/shop"\n')
    app = Cocopot("config", autoload=False, plugins=[Mail], root_path=str(tmp_path))
    app.config.from_toml("settings.toml")
    app.config.from_prefixed_env()
    app.config["GREETING"] = "Hello"
    return app


def test_table(app: Cocopot) -> None:
    """Each key has its value and its origin: core, plugin, file, environment or line of code."""
    line = HERE.read_text().splitlines().index('    app.config["GREETING"] = "Hello"') + 1
    rows = {key: (value, origin) for key, value, origin in table(run(app, "config"))}
    assert rows["Key"] == ("Value", "Origin")
    assert rows["DEBUG"] == ("False", "Cocopot's default")
    assert rows["MAIL_HOST"] == ("'localhost'", "default of plugin mail")
    assert rows["DATABASE"] == ("'db://ada:********@host/shop'", "file settings.toml")
    assert rows["PAGE_SIZE"] == ("50", "environment COCOPOT_PAGE_SIZE")
    assert rows["GREETING"] == ("'Hello'", f"code {HERE}:{line}")
    assert set(rows) == {"Key", *app.config}


def test_secrets(app: Cocopot) -> None:
    """Secrets are masked, unless --show-secrets is passed."""
    assert "signs" not in run(app, "config")
    assert "hidden" not in run(app, "config", "--json")
    assert table(run(app, "config", "SECRET_KEY", "--show-secrets"))[1][1] == "'signs'"
    assert json.loads(run(app, "config", "--json", "--show-secrets"))["MAIL_PASSWORD"]["value"] == "hidden"


def test_keys(app: Cocopot) -> None:
    """Some keys only, in order; one that is not there is an error, with the name that was meant."""
    assert [row[0] for row in table(run(app, "config", "TESTING", "DEBUG"))] == ["Key", "DEBUG", "TESTING"]
    assert run(app, "config", "page_sise", code=1) == (
        "Error: The configuration has no key 'page_sise'. Did you mean 'PAGE_SIZE'?\n"
    )


def test_odd_keys_and_values(app: Cocopot) -> None:
    """A key that is not a str, and values that JSON does not support, are shown as well."""
    odd: Any = app.config
    odd.update({7: "seven", "db://u:p@h": 8, "HUGE": 10**5000, "ENDLESS": float("inf")})
    odd["SELF"] = odd
    found = json.loads(run(app, "config", "--json"))
    assert found["db://u:********@h"]["value"] == 8
    assert (found["7"]["value"], found["ENDLESS"]["value"]) == ("seven", "inf")
    assert found["SELF"]["value"]["SELF"] == "..."
    assert table(run(app, "config", "7"))[1][:2] == ["7", "'seven'"]
    assert "no key 'x'" in run(app, "config", "x", code=1)


def test_json(app: Cocopot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as JSON, with full paths."""
    monkeypatch.setenv("COCOPOT_MAIL__HOST", "mx")
    app.config.from_object(app)
    app.config["MAIL"] = {"PORT": 25}
    app.config.from_prefixed_env()
    found = json.loads(run(app, "config", "--json"))
    assert found["DATABASE"]["origin"]["source"] == str(Path.cwd() / "settings.toml")
    mail = found["MAIL"]
    assert mail["value"] == {"PORT": 25, "HOST": "mx"}
    assert mail["origin"]["source"] == "COCOPOT_MAIL__HOST"
    assert mail["origin"]["within"]["kind"] == "code"
    assert ", in code" in table(run(app, "config", "MAIL"))[1][2]


@pytest.mark.parametrize(
    ("variable", "cure"),
    [
        ("COCOPOT_GREETING", "Call app.config.from_prefixed_env()"),
        ("COCOPOT_MAIL__host", "Call app.config.from_prefixed_env()"),
        ("COCOPOT_greeting", "did you mean COCOPOT_GREETING?"),
        ("COCOPOT_DISABLE_PLUGIN", "Did you mean COCOPOT_DISABLE_PLUGINS?"),
    ],
)
def test_variable_that_nothing_reads(monkeypatch: pytest.MonkeyPatch, variable: str, cure: str) -> None:
    """A variable with the prefix that the application does not read is pointed out, with the cure."""
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("COCOPOT_PLUGINS", "none")
    app = Cocopot("config", autoload=False)
    output = run(app, "config")
    assert f"Warning: The environment variable {variable} is set, but nothing reads it. " in output
    assert cure in output
    assert "COCOPOT_PLUGINS is set" not in output
    assert variable not in run(app, "config", "DEBUG")


def test_key_of_a_variable_that_nothing_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that only such a variable has is missing, and the error has the reason."""
    monkeypatch.setenv("COCOPOT_PAGE_SIZE", "1")
    output = run(Cocopot("config", autoload=False), "config", "PAGE_SIZE", code=1)
    assert "The configuration has no key 'PAGE_SIZE'. The environment variable COCOPOT_PAGE_SIZE is" in output


def test_variable_that_is_read(app: Cocopot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that has been read is not pointed out, even where code has set the key since."""
    app.config["PAGE_SIZE"] = 3
    assert "Warning" not in run(app, "config")


def test_invalid_value(app: Cocopot) -> None:
    """An invalid value of a key of the core is pointed out; the table is complete."""
    app.config["MAX_FORM_PARTS"] = "many"
    assert "Warning: MAX_FORM_PARTS = 'many' (code " in run(app, "config", "MAX_FORM_PARTS")
    assert "Warning" not in run(app, "config", "DEBUG")


def test_invalid_value_with_a_secret(app: Cocopot) -> None:
    """A warning does not show a password that the table masks."""
    app.config["SERVER_NAME"] = "https://ada:hidden@shop.example"
    output = run(app, "config")
    assert f"Warning: SERVER_NAME = 'https://ada:{MASK}@shop.example' (code " in output
    assert "hidden" not in output
