"""Signed cookies: the values of a session, which the client can read and cannot change."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from itsdangerous import BadData, BadSignature, Signer, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from cocopot_session.tagged_json import decode, encode, untag_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SALT: Final = b"cocopot-session"
#: A longer value is not that of a cookie that has been set here, whatever MAX_COOKIE_SIZE is, in bytes.
LONGEST: Final = 16 * 1024
#: How much the clocks of several servers may differ, in seconds.
_SKEW: Final = 60
#: Below this size compression does not pay, in bytes.
_SHORT: Final = 200
_decode = msgspec.json.Decoder(tuple[int, int, str | None, dict[str, Any]]).decode
_decode_raw = msgspec.json.Decoder(tuple[int, int, str | None, dict[str, msgspec.Raw]]).decode


class Opened(NamedTuple):
    """What a signed cookie contains.

    Args:
        created: When the session was created, in seconds since the epoch.
        user: The user whom it belongs to.
        values: The values.
        data: All of this, serialized; empty for a cookie of Flask.
        is_current: Whether it has been signed with the newest key.
    """

    created: float
    user: str | None
    values: dict[str, Any]
    data: bytes
    is_current: bool

    def base(self) -> Mapping[str, bytes]:
        """Return the values, serialized one by one."""
        try:
            return {key: bytes(value) for key, value in _decode_raw(self.data)[3].items()}
        except msgspec.DecodeError:  # it has lone surrogates
            return {key: encode(value) for key, value in json.loads(self.data)[3].items()}


class _Signer(Signer):
    """A signer with one key, which is derived once."""

    def __init__(self, secret: str | bytes) -> None:
        super().__init__(secret, _SALT, key_derivation="hmac", digest_method=hashlib.sha256)
        self._key = super().derive_key()

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:  # noqa: ARG002 - there is one
        return self._key

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Compare the texts: of several that are decoded alike, one is valid."""
        return hmac.compare_digest(sig if isinstance(sig, bytes) else sig.encode(), self.get_signature(value))


class CookieSigner:
    """Signs the cookies of an application, and verifies them, those of Flask included.

    Args:
        secret: The key.
        fallbacks: Earlier keys, which still verify what they have signed.
    """

    def __init__(self, secret: str | bytes, fallbacks: Sequence[str | bytes] | None) -> None:
        keys = (secret, *reversed(fallbacks or ()))
        self._signers = [_Signer(key) for key in keys]
        self._flask = URLSafeTimedSerializer(
            [*reversed(keys)],  # type: ignore[arg-type]  # texts and bytes may be mixed
            salt=b"cookie-session",
            serializer=_FlaskJSON,
            signer=TimestampSigner,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha1},
        )

    def dumps(self, created: float, user: str | None, values: Mapping[str, bytes]) -> str:
        """Return the value of a cookie.

        Args:
            created: When the session was created, in seconds since the epoch.
            user: The user whom it belongs to.
            values: The values, serialized one by one.
        """
        items = b",".join([encode(key) + b":" + value for key, value in values.items()])
        data = b"[%d,%d,%s,{%s}]" % (time.time(), created, encode(user), items)
        prefix = b""
        if len(data) > _SHORT and len(compressed := zlib.compress(data)) < len(data):
            data, prefix = compressed, b"."
        return self._signers[0].sign(prefix + base64_encode(data)).decode()

    def loads(self, text: str, max_age: int) -> Opened | None:
        """Return what a cookie contains; `None` if it has not been signed here, is damaged, or has expired.

        Args:
            text: The value of the cookie.
            max_age: How old its signature may be, in seconds.
        """
        if not text or len(text) > LONGEST or not text.isascii():
            return None
        for signer in self._signers:
            try:
                payload = signer.unsign(text)
            except BadSignature:
                continue
            return _read(payload, time.time() - max_age, is_current=signer is self._signers[0])
        return None

    def loads_flask(self, text: str, max_age: int) -> Opened | None:
        """Return what a cookie of Flask contains; `None` if it is not one, is damaged, or has expired.

        Args:
            text: The value of the cookie.
            max_age: How old its signature may be, in seconds.
        """
        if not text or len(text) > LONGEST or not text.isascii():
            return None
        try:
            values, signed = self._flask.loads(text, max_age, return_timestamp=True)
        except (BadData, OSError, ArithmeticError, ValueError):  # some of a timestamp
            return None
        if not isinstance(values, dict):
            return None
        return Opened(signed.timestamp(), None, values, b"", is_current=False)


class _FlaskJSON:
    """The JSON of a cookie of Flask, as itsdangerous calls it."""

    @staticmethod
    def loads(data: bytes) -> Any:
        """Return the values."""
        return decode(data)

    @staticmethod
    def dumps(value: object) -> bytes:
        """Return the JSON of values; itsdangerous demands it."""
        return encode(value)


def _read(payload: bytes, earliest: float, *, is_current: bool) -> Opened | None:
    """Return what has been signed at a time or later; `None` if it is another one, or of another version.

    What has been signed in the future is not valid either: a clock was wrong, and it would live for too long.
    """
    try:
        if payload.startswith(b"."):
            data = zlib.decompress(base64_decode(payload[1:]))
        else:
            data = base64_decode(payload)
        signed, created, user, values = _decode_all(data)
        untag_values(values)
    except (BadData, zlib.error, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    is_valid = earliest <= signed <= time.time() + _SKEW
    return Opened(created, user, values, data, is_current) if is_valid else None


def _decode_all(data: bytes) -> tuple[int, int, str | None, dict[str, Any]]:
    try:
        return _decode(data)
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(data), tuple[int, int, str | None, dict[str, Any]])
