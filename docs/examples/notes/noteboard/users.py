"""The people who may write: hashed passwords, and the tokens with which their programs use the API."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from pwdlib import PasswordHash

from noteboard.store import current_connection

if TYPE_CHECKING:
    import sqlite3

#: Argon2id, with the parameters of RFC 9106 for limited memory.
PASSWORDS = PasswordHash.recommended()


@dataclass(frozen=True, slots=True)
class User:
    """A user.

    Args:
        name: The name.
        password: The hash of the password.
        token: The hash of the token for the API, or `None`.
    """

    name: str
    password: str
    token: str | None

    @property
    def stamp(self) -> str:
        """What a session has of the password: one that was opened before a change is not valid any more."""
        return sha256(self.password.encode()).hexdigest()[:32]


def get(name: str) -> User | None:
    """Return a user, or `None` if the name does not exist."""
    return _one(current_connection(), "SELECT * FROM user WHERE name = ?", name)


def of_token(token: str) -> User | None:
    """Return the user of a token, or `None`."""
    return _one(current_connection(), "SELECT * FROM user WHERE token = ?", _digest(token))


def authenticate(name: str, password: str) -> User | None:
    """Return the user with that name and password, or `None`."""
    user = get(name)
    is_valid, better_hash = PASSWORDS.verify_and_update(
        password, user.password if user else _hash_of_nothing()
    )
    if user is None or not is_valid:
        return None
    if better_hash is None:
        return user
    return _one(
        current_connection(), "UPDATE user SET password = ? WHERE name = ? RETURNING *", better_hash, name
    )


@cache
def _hash_of_nothing() -> str:
    """Return what an unknown name is compared with, so that the answer takes as long as for a known one."""
    return PASSWORDS.hash(secrets.token_hex())


def create_token(name: str) -> str:
    """Create the token of a user, in place of the one before, and return it.

    It is not stored: the database has its hash. Without a salt, as it is random.
    """
    token = secrets.token_urlsafe(32)
    current_connection().execute("UPDATE user SET token = ? WHERE name = ?", (_digest(token), name))
    return token


def set_password(connection: sqlite3.Connection, name: str, password: str) -> None:
    """Set the password of a user, who is added if the name does not exist."""
    user = _one(connection, "SELECT * FROM user WHERE name = ?", name)
    if user is not None and PASSWORDS.verify(password, user.password):
        return  # another hash of the same password would sign out everybody
    query = "INSERT INTO user VALUES (?, ?, NULL) ON CONFLICT DO UPDATE SET password = excluded.password"
    connection.execute(query, (name, PASSWORDS.hash(password)))


def add_first(connection: sqlite3.Connection, name: str, password: str) -> bool:
    """Add a user if there is none, and return whether it was added."""
    if connection.execute("SELECT 1 FROM user").fetchone():
        return False
    query = "INSERT INTO user (name, password) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM user)"
    return connection.execute(query, (name, PASSWORDS.hash(password))).rowcount == 1


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _one(connection: sqlite3.Connection, query: str, *values: str) -> User | None:
    rows = connection.execute(query, values).fetchall()
    return User(*rows[0]) if rows else None
