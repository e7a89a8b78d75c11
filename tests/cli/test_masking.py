"""What is hidden of a configuration, and what is not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

import pytest

from cocopot.cli.masking import MASK, is_secret, mask_text, shown
from cocopot.config_keys import DEFAULTS


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
        "APIKEY",
        "ENCRYPTION_KEYS",
        "apikey",
        "apiKeys",
        "STRIPEAPIKEY",
        "DB_PASS",
        "DBPass",
        "REDIS_AUTH",
        "AUTHORIZATION",
        "Proxy-Authorization",
        "pwd",
        "SALT",
        "Cookie",
        "RSA_PRIVATE",
        "DBPASS",
        "SMTPPASS",
        "smtppass2",
        "SIGNINGKEY",
        "MASTERKEY",
        "masterKeys",
        "JWTKEY",
        "AccountKey",
        "SharedAccessKey",
        "BEARER",
        "API_BEARER",
        "HASHSALT",
        "BASICAUTH",
        "PASSCODE",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_PAT",
        "PSWD",
        "passwrd",
        "Passwort",
        "MotDePasse",
        "ADMIN_PW",
        "DBPW",
        "CARD_PIN",
        "OTP",
        "TOTP_SEED",
        "SEED_PHRASE",
        "RECOVERY_CODES",
        "DB_CREDS",
        "ID_JWT",
        "SAS",
        "PASSWORD_PEPPER",
        "PHPSESSIONID",
        "session_id",
        "api key",
        "db.password",
        "SECRET_URL",
        "PUBLIC_SECRET_KEY",
    ],
)
def test_names_of_secrets(name: str) -> None:
    """Names that speak of secrets, in any case."""
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "JSON_SORT_KEYS",
        "KEYBOARD",
        "MONKEY",
        "TURKEY_URL",
        "PASS_RATE",
        "BYPASS",
        "AUTHOR",
        "COOKIE_NAME",
        "COMPASS",
        "COMPASS_2",
        "PASSAGE",
        "PASSENGERS",
        "TOKENIZER",
        "TOKENIZERS_PARALLELISM",
        "Tokenize",
        "KEYWORDS",
        "HOTKEYS",
        "HOCKEY_TEAM",
        "SECRETARY",
        "FRIENDSNAME",
        "ENABLE_OAUTH",
        "FORBEARER",
        "SALTY",
        "PUBLIC_KEY",
        "RECAPTCHA_PUBLIC_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "FOREIGN_KEYS",
        "CACHE_KEY_PREFIX",
        "KEY_FUNC",
        "TOKEN_URL",
        "tokenEndpoint",
        "AUTH_TYPE",
        "PASSWORD_HASHERS",
        "GPIO_PIN",
        "SPINNER",
        "PATH",
        "PATTERN",
        "CREDITS",
        "PASSPORT_COUNTRY",
        "KEYSTONE_HOST",
        "",
    ],
)
def test_other_names(name: str) -> None:
    """Names that only have such letters in them."""
    assert not is_secret(name)


def test_keys_of_the_core() -> None:
    """Of the core's own keys these two are secrets."""
    assert [key for key in DEFAULTS if is_secret(key)] == ["SECRET_KEY", "SECRET_KEY_FALLBACKS"]
    assert shown({**DEFAULTS, "SECRET_KEY": "s"}) == {**DEFAULTS, "SECRET_KEY": MASK}
    assert "old" not in str(shown({**DEFAULTS, "SECRET_KEY_FALLBACKS": ["old"]}))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ada:pa$$@db/shop", f"postgresql://ada:{MASK}@db/shop"),
        ("redis://:hidden@cache:6379/0", f"redis://:{MASK}@cache:6379/0"),
        ("amqp+ssl://u:p@ss:w@host", f"amqp+ssl://u:{MASK}@host"),
        ("a://u:one@h, b://u:two@h", f"a://u:{MASK}@h, b://u:{MASK}@h"),
        ("https://h/?user=ada&password=p&x=1", f"https://h/?user=ada&password={MASK}&x=1"),
        ("https://example.com:8000/path", "https://example.com:8000/path"),
        ("ssh://git@example.com/a:b@c", "ssh://git@example.com/a:b@c"),
        ("mailto:ada@example.com", "mailto:ada@example.com"),
        ("sqlite:////srv/shop.db", "sqlite:////srv/shop.db"),
        ("db://user@srv:hidden@srv.example.com/d", f"db://user@srv:{MASK}@srv.example.com/d"),
        ("db://u:base/64@h/d", f"db://u:{MASK}@h/d"),
        ("ssh://ada@h:80/a@b http://[::1]:80/a@b", "ssh://ada@h:80/a@b http://[::1]:80/a@b"),
        ("https://t0k3n@example.com/a:b@c", f"https://{MASK}@example.com/a:b@c"),
        ("git+https://abc@example.com/x", f"git+https://{MASK}@example.com/x"),
        ("redis://5e4d3c2b1a5e4d3c2b1a@h", f"redis://{MASK}@h"),
        ("//u:S@h/x", f"//u:{MASK}@h/x"),
        ("cache=//u:S@h (//:S@h)", f"cache=//u:{MASK}@h (//:{MASK}@h)"),
        ("u:S@proxy.example:8080", f"u:{MASK}@proxy.example:8080"),
        ("u:S/@tcp(db:3306)/shop", f"u:{MASK}@tcp(db:3306)/shop"),
        ("jdbc:oracle:thin:ada/S@//db:1521/x", f"jdbc:oracle:thin:ada/{MASK}@//db:1521/x"),
        ("jdbc:postgresql://db/x?user=u&password=S", f"jdbc:postgresql://db/x?user=u&password={MASK}"),
        ("jdbc:sqlserver://db;user=u;password=S;x=1", f"jdbc:sqlserver://db;user=u;password={MASK};x=1"),
        ("https://h/?api%5Fkey=S&x=1", f"https://h/?api%5Fkey={MASK}&x=1"),
        ("https://h/?api%255Fkey=S", f"https://h/?api%255Fkey={MASK}"),
        ("https://h/?sv=1&sig=S%3D", f"https://h/?sv=1&sig={MASK}"),
        ("/x?next=https%3A%2F%2Fh%2F%3Ftoken%3DS&x=1", f"/x?next={MASK}&x=1"),
        ("/x?next=https%253A%252F%252Fh%252F%253Ftoken%253DS", f"/x?next={MASK}"),
        ("/x?next=%2Fy%3Fpage%3D2", "/x?next=%2Fy%3Fpage%3D2"),
        ("https://hooks.slack.com/services/T0/B0/S", f"https://hooks.slack.com/services/{MASK}"),
        ("https://api.telegram.org/bot1:S/send", f"https://api.telegram.org/bot{MASK}"),
        ("x:///?odbc_connect=UID%3Du%3BPWD%3DS&a=1", f"x:///?odbc_connect={MASK}&a=1"),
        ("redis%3A%2F%2F%3AS%40h and password%253DS", f"{MASK} and {MASK}"),
        ("https://h/#access_token=S&state=1", f"https://h/#access_token={MASK}&state=1"),
        ("https://h/x;jsessionid=S?page=2", f"https://h/x;jsessionid={MASK}"),
        ("u/S@//h:1521/x", f"u/{MASK}@//h:1521/x"),
        ("/x?q=100%25&at=%40home", "/x?q=100%25&at=%40home"),
        ("https://example.com/@ada/a:b", "https://example.com/@ada/a:b"),
        ("// a comment: see x@example.com", "// a comment: see x@example.com"),
    ],
)
def test_urls(url: str, expected: str) -> None:
    """Of a URL the password is hidden, and nothing else."""
    assert mask_text(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host=h password=x port=1", f"host=h password={MASK} port=1"),
        ("host=h password = 'x y'", f"host=h password = '{MASK}'"),
        ("Server=s;Pwd=x, y;Uid=u", f"Server=s;Pwd={MASK};Uid=u"),
        ("password=//x token=true-x", f"password={MASK} token={MASK}"),
        ("Pwd={x;y};Uid=u", f"Pwd={MASK};Uid=u"),
        ('{"password": "x\\"y", "b": 1}', f'{{"password": "{MASK}", "b": 1}}'),
        (r'"{\"token\": \"x y\", \"b\": 1}"', rf'"{{\"token\": \"{MASK}\", \"b\": 1}}"'),
        ("Conf(tokens={'a': {'b': ['x']}, 'c': 'y'}, b=1)", f"Conf(tokens={MASK}, b=1)"),
        ("Conf(key='x', STRIPE_KEY=y)", f"Conf(key='{MASK}', STRIPE_KEY={MASK})"),
        ("Authorization: Bearer x\nCookie: a=x; b=y", f"Authorization: {MASK}\nCookie: {MASK}"),
        ("-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n", f"{MASK}\n"),
        ("-----BEGIN PRIVATE KEY-----\nx", MASK),
        ("https://h/?token=x", f"https://h/?token={MASK}"),
    ],
)
def test_texts(text: str, expected: str) -> None:
    """What is assigned to the name of a secret is hidden in connection strings, JSON and the like."""
    assert mask_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'nothing'",
        "sorted(names, key=str)",
        "Plugin 'auth': failed",
        "Plugin 'token' is not installed.",
        "token=None, password='', csrf_token=True",
        "secret://vault/path",
    ],
)
def test_other_texts(text: str) -> None:
    """Messages and code that only name such things are left alone."""
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "part", ["password=[", "token:", "://:", 'token=\\"a', "token='a", "password=a'b,", "(", "Pwd={"]
)
def test_long_texts(part: str) -> None:
    """What opens and never closes takes no time that grows faster than the text."""
    assert mask_text(f"password=x;{part * 20_000}").startswith(f"password={MASK}")


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
        ("CREDENTIALS", {"user": "ada"}, MASK),
        ("TOKENS", {"x": 1}, MASK),
        ("TOKENS", {}, {}),
        ("DB_PASS", 1234, MASK),
        ("TOKEN_LIFETIME", 3600, 3600),
        ("HEADERS", [("Cookie", "x"), ["Accept", "y"]], [["Cookie", MASK], ["Accept", "y"]]),
        ("METHODS", ["password", "token"], ["password", "token"]),
        ("POOLS", {"db://u:p@h": 1}, {f"db://u:{MASK}@h": 1}),
        ("MAIL", {"host": "mx", "password": "p"}, {"host": "mx", "password": MASK}),
        ("DATABASES", [{"url": "db://u:p@h"}], [{"url": f"db://u:{MASK}@h"}]),
        ("PORTS", (1, 2), [1, 2]),
        ("ENV", [{"name": "DBPASS", "value": "S"}], [{"name": "DBPASS", "value": MASK}]),
        ("ENV", [{"name": "HOST", "value": "h"}], [{"name": "HOST", "value": "h"}]),
        (
            "AZURE",
            {"account": {"accountKey": "S", "name": "a"}},
            {"account": {"accountKey": MASK, "name": "a"}},
        ),
        ("SETTINGS", '{"mail": {"smtpPass": "S"}}', f'{{"mail": {{"smtpPass": "{MASK}"}}}}'),
        ("HOSTS", {"b", "a"}, ["a", "b"]),
        ("ENV", [{"Name": "API_KEY", "Value": "S"}], [{"Name": "API_KEY", "Value": MASK}]),
        ("JWK", {"kty": "oct", "k": "S", "alg": "HS256"}, {"kty": "oct", "k": MASK, "alg": "HS256"}),
        ("COMMAND", ["x", "--password", "S", "-v", "y"], ["x", "--password", MASK, "-v", "y"]),
        ("COMMAND", ["--password=S", "z"], [f"--password={MASK}", "z"]),
        ("URL", urlsplit("redis://:S@h")[:2], ["redis", f":{MASK}@h"]),
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


@dataclass
class Login:
    """What has a password."""

    user: str
    password: str


class Pair(NamedTuple):
    """The same as a tuple."""

    user: str
    password: str


@pytest.mark.parametrize("kind", [Login, Pair, SimpleNamespace])
def test_objects_with_a_password(kind: type) -> None:
    """It is hidden in what Python shows for them."""
    found = repr(shown([kind(user="ada", password="hid den")]))
    assert ("ada" in found, "hid" in found, "den" in found) == (True, False, False)


class Odd:
    """What cannot be inspected."""

    __hash__ = object.__hash__

    def __repr__(self) -> NoReturn:
        raise OSError("gone")

    def __eq__(self, other: object) -> NoReturn:
        raise OSError("gone")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Odd(), "<Odd that raises OSError when it is shown>"),
        ({"a": Odd(), "b": 1}, {"a": "<Odd that raises OSError when it is shown>", "b": 1}),
        ({Odd()}, ["<Odd that raises OSError when it is shown>"]),
        ({"API_KEY": Odd()}, {"API_KEY": MASK}),
        ([10**5000], ["<int that raises ValueError when it is shown>"]),
        ([float("nan"), float("-inf"), 1.5], ["nan", "-inf", 1.5]),
    ],
)
def test_odd_values(value: Any, expected: Any) -> None:
    """A value that cannot be shown is replaced by a note, and JSON has only types that it knows."""
    assert shown(value) == expected
    assert json.loads(json.dumps(shown(value), allow_nan=False)) == expected


def test_values_that_hold_themselves() -> None:
    """They end where they would begin again; what is there twice is shown twice, what is too deep is not."""
    shared, cycle, deep = [1], dict[str, Any](), list[Any]()
    cycle |= {"a": shared, "b": shared, "self": [cycle]}
    assert shown(cycle) == {"a": [1], "b": [1], "self": ["..."]}
    for _ in range(5000):
        deep = [deep]
    assert "..." in repr(shown(deep))


def test_without_masks() -> None:
    """Everything is shown on request."""
    assert shown({"A_KEY": "k", "URL": "db://u:p@h"}, masks=False) == {"A_KEY": "k", "URL": "db://u:p@h"}
