"""The people who may write: hashed passwords, and the tokens with which their programs use the API."""

from __future__ import annotations

import secrets
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from cocopot_sqlalchemy import db
from pwdlib import PasswordHash
from sqlalchemy import select

from noteboard.models import User
from noteboard.store import current_session

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: Argon2id, with the parameters of RFC 9106 for limited memory.
PASSWORDS = PasswordHash.recommended()


def get(name: str) -> User | None:
    """Return a user, or `None` if the name does not exist."""
    return current_session().get(User, name)


def of_token(token: str) -> User | None:
    """Return the user of a token, or `None`."""
    return current_session().scalar(select(User).where(User.token == _digest(token)))


def authenticate(name: str, password: str) -> User | None:
    """Return the user with that name and password, or `None`."""
    # A session of its own, whose transaction ends before the hash is computed: it takes a while.
    with db().sessionmaker() as session:
        stored = session.get(User, name)
    is_valid, better_hash = PASSWORDS.verify_and_update(
        password, stored.password if stored else _hash_of_nothing()
    )
    user = get(name) if is_valid and stored is not None else None
    if user is not None and better_hash is not None:
        user.password = better_hash
    return user


@cache
def _hash_of_nothing() -> str:
    """Return what an unknown name is compared with, so that the answer takes as long as for a known one."""
    return PASSWORDS.hash(secrets.token_hex())


def create_token(user: User) -> str:
    """Create the token of a user, in place of the one before, and return it.

    It is not stored: the database has its hash. Without a salt, as it is random.
    """
    token = secrets.token_urlsafe(32)
    user.token = _digest(token)
    return token


def set_password(session: Session, name: str, password: str) -> None:
    """Set the password of a user, who is added if the name does not exist."""
    user = session.get(User, name)
    if user is None:
        session.add(User(name=name, password=PASSWORDS.hash(password)))
    elif not PASSWORDS.verify(password, user.password):  # another hash of the same would sign out everybody
        user.password = PASSWORDS.hash(password)


def add_first(session: Session, name: str, password: str) -> bool:
    """Add a user if there is none, and return whether it was added."""
    if session.scalar(select(User).limit(1)) is not None:
        return False
    session.add(User(name=name, password=PASSWORDS.hash(password)))
    return True


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
