"""What is hidden of a configuration, and what is not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cocopot.cli.masking import MASK, is_secret, mask_urls, shown


@pytest.mark.parametrize(
    "name",
    [
        "SECRET_KEY",
        "KEY",
        "API_KEY",
        "STRIPE_KEY_2",
        "apiKey",
        "api-key",
        "MAIL_PASSWORD",
        "passwd",
        "SESSION_SECRETS",
        "ACCESS_TOKEN",
        "accessToken",
        "AWS_CREDENTIALS",
        "SENTRY_DSN",
    ],
)
def test_names_of_secrets(name: str) -> None:
    """Names that speak of secrets, in any case."""
    assert is_secret(name)


@pytest.mark.parametrize("name", ["JSON_SORT_KEYS", "KEYBOARD", "MONKEY", "TURKEY_URL", "PASS_RATE", ""])
def test_other_names(name: str) -> None:
    """Names that only have such letters in them."""
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ada:pa$$@db/shop", f"postgresql://ada:{MASK}@db/shop"),
        ("redis://:hidden@cache:6379/0", f"redis://:{MASK}@cache:6379/0"),
        ("amqp+ssl://u:p@ss:w@host", f"amqp+ssl://u:{MASK}@host"),
        ("a://u:one@h, b://u:two@h", f"a://u:{MASK}@h, b://u:{MASK}@h"),
        ("https://h/?user=ada&password=p&x=1", f"https://h/?user=ada&password={MASK}&x=1"),
        ("https://example.com:8000/path", "https://example.com:8000/path"),
        ("https://ada@example.com/a:b@c", "https://ada@example.com/a:b@c"),
        ("mailto:ada@example.com", "mailto:ada@example.com"),
        ("sqlite:////srv/shop.db", "sqlite:////srv/shop.db"),
        ("?token=not-a-url", "?token=not-a-url"),
    ],
)
def test_urls(url: str, expected: str) -> None:
    """Of a URL the password is hidden, and nothing else."""
    assert mask_urls(url) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", "s", MASK),
        ("SECRET_KEY", b"s", MASK),
        ("SECRET_KEY", 42, MASK),
        ("SECRET_KEY", None, None),
        ("SECRET_KEY", "", ""),
        ("REQUIRE_TOKEN", True, True),
        ("SECRET_KEY_FALLBACKS", ["a", "b"], [MASK, MASK]),
        ("CREDENTIALS", {"user": "ada"}, {"user": MASK}),
        ("MAIL", {"host": "mx", "password": "p"}, {"host": "mx", "password": MASK}),
        ("DATABASES", [{"url": "db://u:p@h"}], [{"url": f"db://u:{MASK}@h"}]),
        ("PORTS", (1, 2), [1, 2]),
        ("HOSTS", {"b", "a"}, ["a", "b"]),
    ],
)
def test_values(name: str, value: Any, expected: Any) -> None:
    """Masked are values under the name of a secret, however deep, if there is something to hide."""
    assert shown(value, name) == expected


def test_objects() -> None:
    """What JSON does not know is shown as Python shows it, without quotes and without passwords."""

    class Database:
        def __repr__(self) -> str:
            return "<Database db://u:p@h>"

    found = shown({"database": Database(), "age": timedelta(1), 1: 2})
    assert repr(found["database"]) == f"<Database db://u:{MASK}@h>"
    assert json.loads(json.dumps(found))["age"] == repr(timedelta(1))
    assert found["1"] == 2


def test_without_masks() -> None:
    """Everything is shown if it is asked for."""
    assert shown({"A_KEY": "k", "URL": "db://u:p@h"}, masks=False) == {"A_KEY": "k", "URL": "db://u:p@h"}
