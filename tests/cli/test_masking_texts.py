"""Secrets inside of other values, which `mask_text` finds."""

from __future__ import annotations

import pytest

from cocopot.cli.masking import MASK, is_secret, mask_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Conf(a={'password': 'x y'}, b=1)", f"Conf(a={{'password': '{MASK}'}}, b=1)"),
        ("error='login failed: token=x'", f"error='login failed: token={MASK}'"),
        ("mail=(host=h;Pwd=x y;port=1)", f"mail=(host=h;Pwd={MASK};port=1)"),
        ("{'url': 'db://u:x@h', 'key': b'x'}", f"{{'url': 'db://u:{MASK}@h', 'key': {MASK}}}"),
    ],
)
def test_nested(text: str, expected: str) -> None:
    """The value of an ordinary name may contain the name of a secret."""
    assert mask_text(text) == expected


@pytest.mark.parametrize("part", ["x:", "key:", "key=", "a=(", "a://u:p", "token=\\'a\n"])
def test_long_texts(part: str) -> None:
    """A text of 100 KB in which values do not end is masked in a single pass."""
    assert mask_text(f"password=x;{part * 20_000}").startswith(f"password={MASK};")


PADDED = "q8Xz" * 10 + "=="
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={PADDED};EndpointSuffix=h",
            f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={MASK};EndpointSuffix=h",
        ),
        (
            f"Endpoint=sb://h/;SharedAccessKeyName=root;SharedAccessKey={PADDED}",
            f"Endpoint=sb://h/;SharedAccessKeyName={MASK};SharedAccessKey={MASK}",
        ),
        ("SharedAccessSignature=sv=1&sig=S", f"SharedAccessSignature={MASK}&sig={MASK}"),
        ("DRIVER={x};SERVER=s;UID=u;PWD={a;b};", f"DRIVER={{x}};SERVER=s;UID=u;PWD={MASK};"),
        ("host=h user=u password='a b' dbname=d", f"host=h user=u password='{MASK}' dbname=d"),
        ("api%5Fkey=S", f"api%5Fkey={MASK}"),
        ("aws_secret_access_key = S/x+y", f"aws_secret_access_key = {MASK}"),
        (
            '{"signingKey": "S", "dbPass": "S", "port": 1}',
            f'{{"signingKey": "{MASK}", "dbPass": "{MASK}", "port": 1}}',
        ),
        ("smtp_pass: S\nname: ada", f"smtp_pass: {MASK}\nname: ada"),
        ("masterkey=S dbpass=S", f"masterkey={MASK} dbpass={MASK}"),
        ("X-Api-Key: S", f"X-Api-Key: {MASK}"),
        ("curl -H 'Authorization: Bearer S'", f"curl -H 'Authorization: {MASK}'"),
        ("Bearer S0m3-opaque.value", f"Bearer {MASK}"),
        ("Basic dTpwYXNzd29yZA==", f"Basic {MASK}"),
        (f"assertion {JWT} expired", f"assertion {MASK} expired"),
        ("id AKIAIOSFODNN7EXAMPLE.", f"id {MASK}."),
        ("ghp_" + "a1" * 18, MASK),
        ("sk_live_" + "a1" * 12, MASK),
        ('Authorization: Digest username="u", response="S"', f"Authorization: {MASK}"),
        ("ApiKey S0m3opaque and bearer abcdEfgh", f"ApiKey {MASK} and bearer {MASK}"),
        ("<user>u</user><password>S</password>", f"<user>u</user><password>{MASK}</password>"),
        ('<add name="API_KEY" value="S"/>', f'<add name="API_KEY" value="{MASK}"/>'),
        ('{"name": "DBPASS", "value": "S"}', f'{{"name": "DBPASS", "value": "{MASK}"}}'),
        ("Headers([('X-Api-Key', 'S'), ('A', 'b')])", f"Headers([('X-Api-Key', '{MASK}'), ('A', 'b')])"),
        ("mysqldump --password S --host h", f"mysqldump --password {MASK} --host h"),
        ("curl -u u:S https://h", f"curl -u u:{MASK} https://h"),
        ("machine h login u password S", f"machine h login u password {MASK}"),
        ("secret_key := S, db_pass => S", f"secret_key := {MASK}, db_pass => {MASK}"),
        ("password: |\n  S\n  S\nhost: h", f"password: {MASK}\nhost: h"),
        ("export DB_PASS=correct horse\nHOST=h", f"export DB_PASS={MASK}\nHOST=h"),
        ("password=S host=h", f"password={MASK} host=h"),
        ("auth=Qx7-q8Xz/q8Xz+q8Xz==", f"auth={MASK}"),
    ],
)
def test_families(text: str, expected: str) -> None:
    """Connection strings, headers, and tokens that their form identifies."""
    assert mask_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Bearer token is missing",
        "basic authentication is off",
        "KeyError: 'nothing' and TypeError: sort_key=len",
        "the key: value pairs of a compass: north",
        "12:30:05 ada@example.com wrote",
        "ask-the-people-of-the-village-for-directions",
        "monkey=1 keyboard=2 tokenizer=3 passage=4",
        "100%=full",
        "Basic Authentication needs a Token Endpoint",
        "%(asctime)s %(message)s",
        "shop.auth:login cocopot_tokens:Plugin shop.secrets:load",
        "<p>The password</p>",
        "('password', 'token', 'key')",
        "public_key=abc token_url=https://h/token",
        "pass --token to the command",
    ],
)
def test_harmless(text: str) -> None:
    """Prose and ordinary settings are left alone."""
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "part",
    [
        *(
            "//u:",
            "//u:x@",
            "%25",
            "?a=%2525",
            "eyJa.",
            "//",
            "Bearer ",
            "jdbc:oracle:a:",
            "u:x@",
            "KEY",
            "aA",
        ),
        *(
            "password=a b\n",
            "\npassword:",
            "<a ",
            "<key>",
            "login ",
            "--key ",
            '="',
            "('key', '",
            "-u a:",
            "%3D ",
        ),
    ],
)
def test_growth(part: str) -> None:
    """A long text is masked in a time that does not grow faster than the text."""
    assert mask_text(f"password=x;{part * 20_000}").startswith(f"password={MASK};")
    assert is_secret("DBPASS_" + part * 20_000) in (True, False)
