"""Sessions in signed cookies."""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cocopot_session import CookieTooLargeError
from cocopot_session.signing import CookieSigner
from itsdangerous import TimestampSigner
from markupsafe import Markup
from session_views import done

from cocopot import Cocopot, Request, flash, get_flashed_messages, session
from cocopot.sessions import Session as BaseSession
from cocopot.sessions import SessionInterface

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeApp = Callable[..., Cocopot]


NAME = "__Host-session"
VALUES = {
    "pair": (1, [2]),
    "raw": b"\x00\xff",
    "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "id": UUID(int=7),
    "html": Markup("<b>"),
    "cart": {"apples": [3]},
}


@pytest.fixture
def app(make_app: MakeApp) -> Cocopot:
    return with_views(make_app())


def with_views(app: Cocopot) -> Cocopot:
    """Add views that read and change the session."""
    app.add_url_rule("/plain", "plain", lambda: "plain")
    app.add_url_rule("/read", "read", lambda: repr(sorted(session.items())))
    app.add_url_rule("/set", "set", done(lambda: session.update(VALUES)))
    app.add_url_rule("/nested", "nested", done(lambda: session["cart"]["apples"].append(4)))

    @app.get("/clear")
    def clear() -> str:
        session.clear()
        return "cleared"

    return app


def test_types_come_back(app: Cocopot) -> None:
    """A session has the values and types that were stored."""
    client = app.test_client()
    client.get("/set")
    assert client.get("/read").text == repr(sorted(VALUES.items()))


def test_a_request_that_does_not_use_it(app: Cocopot) -> None:
    """It sets no cookie, and has no header that restricts caches."""
    client = app.test_client()
    client.get("/set")
    headers = client.get("/plain").headers
    assert "Set-Cookie" not in headers
    assert "Vary" not in headers


def test_no_call(app: Cocopot) -> None:
    """Nor does it make a call into the plugin."""
    client = app.test_client()
    client.get("/set")
    calls: list[str] = []
    sys.setprofile(lambda frame, event, arg: calls.append(frame.f_globals["__name__"]))
    try:
        client.get("/plain")
    finally:
        sys.setprofile(None)
    assert len(calls) > 10
    assert not [name for name in calls if name.startswith("cocopot_session")]


def test_a_request_that_reads_it(app: Cocopot) -> None:
    """It sets no cookie, and caches keep it to the client."""
    client = app.test_client()
    client.get("/set")
    headers = client.get("/read").headers
    assert "Set-Cookie" not in headers
    assert (headers["Vary"], headers["Cache-Control"]) == ("Cookie", "private")


def test_a_change_inside_a_value(app: Cocopot) -> None:
    """It is stored, although no key has been set, and marks the session as modified."""
    client = app.test_client()
    client.get("/set")
    assert "Set-Cookie" in client.get("/nested").headers
    assert "'apples': [3, 4]" in client.get("/read").text
    with client.session_transaction() as stored:
        assert not stored.modified
        stored["cart"]["pears"] = 1
        assert stored.modified


@pytest.mark.parametrize("old", [[1], [1, True], {"a": 1}, (1, [1])])
def test_a_change_that_compares_equal(app: Cocopot, old: Any) -> None:
    """`True` in place of 1 is a change: what is compared is what is stored."""
    client = app.test_client()
    with client.session_transaction() as stored:
        stored["value"] = old
    with client.session_transaction() as stored:
        inner = stored["value"][-1] if isinstance(old, tuple) else stored["value"]
        inner["a" if isinstance(inner, dict) else 0] = True
        assert stored.modified


def test_an_empty_session_deletes_the_cookie(app: Cocopot) -> None:
    """The cookie is deleted with the attributes that it was set with."""
    client = app.test_client()
    assert "Set-Cookie" not in client.get("/clear").headers
    client.get("/set")
    header = client.get("/clear").headers["Set-Cookie"]
    assert header.startswith(f"{NAME}=; Expires=Thu, 01 Jan 1970")
    assert "; Secure; HttpOnly; Path=/; SameSite=Lax" in header
    assert client.get_cookie(NAME) is None


@pytest.mark.parametrize("key", [" t", " u", " di", "", "\x00", "\u00e4\U0001f95a", "_created"])
def test_any_key(app: Cocopot, key: str) -> None:
    """A key may look like a tag, or be any other text."""
    client = app.test_client()
    with client.session_transaction() as stored:
        stored[key] = [1]
    with client.session_transaction() as stored:
        assert dict(stored) == {key: [1]}


def test_half_of_a_surrogate_pair(app: Cocopot) -> None:
    """A text may contain it, as one of a JSON document may; a change inside is seen there, too."""
    client = app.test_client()
    with client.session_transaction() as stored:
        stored["list"] = ["\ud800"]
    with client.session_transaction() as stored:
        assert stored["list"] == ["\ud800"]
        assert not stored.modified
        stored["list"].append("\udfff")
        assert stored.modified


def test_modified_and_empty_values(app: Cocopot) -> None:
    """`modified` can be set for a change that cannot be seen, such as none."""
    client = app.test_client()
    client.get("/set")
    app2 = app.test_client()
    with app2.session_transaction() as stored:
        stored.modified = True
    assert app2.get_cookie(NAME) is None  # there is nothing in it


def test_flash_messages(app: Cocopot) -> None:
    """Messages are shown once, with their categories."""
    app.add_url_rule("/flash", "flash", done(lambda: flash("Saved.", "success")))
    app.add_url_rule("/messages", "messages", lambda: get_flashed_messages(with_categories=True))
    client = app.test_client()
    client.get("/flash")
    assert client.get("/messages").json == [["success", "Saved."]]
    assert client.get("/messages").json == []
    assert client.get_cookie(NAME) is None


class TestBadCookies:
    """A cookie that is not valid is an empty session."""

    @pytest.fixture
    def value(self, app: Cocopot) -> str:
        client = app.test_client()
        client.get("/set")
        cookie = client.get_cookie(NAME)
        assert cookie is not None
        return cookie.value

    def read(self, app: Cocopot, value: str) -> tuple[int, str]:
        response = app.test_client(use_cookies=False).get("/read", headers={"Cookie": f"{NAME}={value}"})
        return response.status_code, response.text

    def test_tampered_and_truncated(self, app: Cocopot, value: str) -> None:
        """Wherever a character is changed, or the text ends."""
        assert self.read(app, value) == (200, repr(sorted(VALUES.items())))
        for place in range(len(value) - 1):  # the last character has bits that mean nothing
            other = "A" if value[place] != "A" else "B"
            assert self.read(app, value[:place] + other + value[place + 1 :]) == (200, "[]")
        for length in range(0, len(value) - 1, 7):
            assert self.read(app, value[:length]) == (200, "[]")

    @pytest.mark.parametrize(
        "value",
        [
            "",
            ".",
            "..",
            "a.b.c",
            "\u00e4.b.c",
            '"quoted"',
            "x" * 100_000,
            "." * 20_000,
            "%00",
            "=",
            "e30.x.y",
        ],
    )
    def test_foreign(self, app: Cocopot, value: str) -> None:
        """What has never been signed here, of any length."""
        assert self.read(app, value) == (200, "[]")

    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"W10",
            b"e30",
            b".eJw",
            b"WzEsbnVsbCw1XQ",
            b"WzEsMiwge31d",
            b"_w",
            b"WzEsbnVsbCx7ImEiOnsiIHUiOjV9fV0",
        ],
    )
    def test_signed_with_another_content(self, app: Cocopot, payload: bytes) -> None:
        """What has been signed with the key, but not by this version."""
        signer = CookieSigner(app.config["SECRET_KEY"], None)._signers[0]
        assert self.read(app, signer.sign(payload).decode()) == (200, "[]")

    def test_another_purpose(self, app: Cocopot, value: str) -> None:
        """What the same key has signed for another purpose is not a session."""
        payload = value.rpartition(".")[0].rpartition(".")[0]
        assert self.read(app, TimestampSigner(app.config["SECRET_KEY"]).sign(payload).decode()) == (200, "[]")

    def test_of_another_key(self, app: Cocopot, make_app: MakeApp, value: str) -> None:
        """What another application has signed."""
        other = with_views(make_app())
        other.secret_key = "another key for tests only, of 32 bytes or more"
        assert self.read(other, value) == (200, "[]")

    def test_beside_a_valid_one(self, app: Cocopot, value: str) -> None:
        """A cookie of the same name, set for another path, does not hide the valid one."""
        assert self.read(app, f"foreign; {NAME}={value}") == (200, repr(sorted(VALUES.items())))


class TestLifetime:
    """When a session ends."""

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
        """Return what advances the time, in seconds."""
        offset, now = [0.0], time.time
        monkeypatch.setattr(time, "time", lambda: now() + offset[0])
        return lambda seconds: offset.__setitem__(0, offset[0] + seconds)

    def test_it_expires(self, make_app: MakeApp, clock: Callable[[float], None]) -> None:
        """A signature older than PERMANENT_SESSION_LIFETIME is not accepted, whatever the browser keeps."""
        client = with_views(make_app(PERMANENT_SESSION_LIFETIME=60)).test_client()
        client.get("/set")
        clock(50)
        assert client.get("/read").text != "[]"
        clock(15)
        assert client.get("/read").text == "[]"

    def test_of_the_future(self, make_app: MakeApp, clock: Callable[[float], None]) -> None:
        """What has been signed while the clock was wrong does not live for longer; a minute is accepted."""
        app = with_views(make_app())
        client = app.test_client()
        client.get("/set")
        clock(-30)
        assert client.get("/read").text != "[]"
        clock(-3600)
        assert client.get("/read").text == "[]"

    def test_a_permanent_one_is_refreshed(self, make_app: MakeApp, clock: Callable[[float], None]) -> None:
        """Each response renews it, with a cookie that outlives the browser."""
        client = with_views(make_app(PERMANENT_SESSION_LIFETIME=60)).test_client()
        with client.session_transaction() as stored:
            stored.permanent = True
        for _ in range(3):
            clock(50)
            header = client.get("/read").headers["Set-Cookie"]
            assert "Max-Age=60" in header
            assert "Expires=" in header

    def test_without_refresh(self, make_app: MakeApp, clock: Callable[[float], None]) -> None:
        """SESSION_REFRESH_EACH_REQUEST = False leaves it as it is until it is changed."""
        app = with_views(make_app(PERMANENT_SESSION_LIFETIME=60, SESSION_REFRESH_EACH_REQUEST=False))
        client = app.test_client()
        with client.session_transaction() as stored:
            stored.permanent = True
        assert "Set-Cookie" not in client.get("/read").headers

    def test_the_absolute_lifetime(self, make_app: MakeApp, clock: Callable[[float], None]) -> None:
        """It ends after SESSION_ABSOLUTE_LIFETIME, however often it is refreshed; a rotation begins anew."""
        client = with_views(make_app(SESSION_ABSOLUTE_LIFETIME=100)).test_client()
        with client.session_transaction() as stored:
            stored.permanent = True
        clock(80)
        assert (
            "Max-Age=20" in client.get("/read").headers["Set-Cookie"]
            or "Max-Age=19" in client.get("/read").headers["Set-Cookie"]
        )
        with client.session_transaction() as stored:
            stored.rotate()
        clock(80)
        assert client.get("/read").text != "[]"
        clock(30)
        assert client.get("/read").text == "[]"


def test_keys_are_rotated(make_app: MakeApp) -> None:
    """What a key of SECRET_KEY_FALLBACKS has signed is read, and signed with the new key."""
    old = with_views(make_app())
    client = old.test_client()
    client.get("/set")
    cookie = client.get_cookie(NAME)
    assert cookie is not None
    new = with_views(make_app(SECRET_KEY_FALLBACKS=["older", old.secret_key]))
    new.secret_key = b"a new key for tests only, of 32 bytes or more"
    response = new.test_client(use_cookies=False).get("/read", headers={"Cookie": f"{NAME}={cookie.value}"})
    assert response.text == repr(sorted(VALUES.items()))
    signed = response.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    new.config["SECRET_KEY_FALLBACKS"] = None
    response = new.test_client(use_cookies=False).get("/read", headers={"Cookie": f"{NAME}={signed}"})
    assert response.text == repr(sorted(VALUES.items()))
    assert "Set-Cookie" not in response.headers


def test_earlier_keys_are_changed_in_place(make_app: MakeApp) -> None:
    """A key that is removed from the list of a running application is not valid any more."""
    key = "a key for tests only, of 32 bytes or more"
    app = with_views(make_app(SECRET_KEY_FALLBACKS=[]))
    client = app.test_client(use_cookies=False)
    cookie = client.get("/set").headers["Set-Cookie"].partition(";")[0]
    app.secret_key = "another key for tests only, of 32 bytes or more"
    results = []
    for change in ("append", "remove"):
        getattr(app.config["SECRET_KEY_FALLBACKS"], change)(key)
        results.append(client.get("/read", headers={"Cookie": cookie}).text != "[]")
    assert results == [True, False]


def test_without_a_key(make_app: MakeApp) -> None:
    """Reading gives an empty session; a change raises, with what to do."""
    app = with_views(make_app())
    app.secret_key = None
    client = app.test_client()
    assert client.get("/read").text == "[]"
    with pytest.raises(RuntimeError, match=r"cannot be changed: SECRET_KEY is not set\. Set it to 32 random"):
        client.get("/set")


@pytest.mark.filterwarnings("ignore:app.session_interface is used only")
def test_a_session_interface(make_app: MakeApp) -> None:
    """Without a key, `app.session_interface` has the sessions; with one, the plugin."""

    class Interface(SessionInterface):
        def open_session(self, app: Cocopot, request: Request) -> BaseSession:
            return BaseSession({"of": "interface"})

    app = with_views(make_app(SECRET_KEY=None))
    app.session_interface = Interface()
    assert app.session_interface.get_cookie_name(app) == "session"
    assert app.test_client().get("/read").text == "[('of', 'interface')]"
    app.secret_key = "a key for tests only, of 32 bytes or more"
    assert app.test_client().get("/read").text == "[]"


class TestTooLarge:
    """A session that does not fit into a cookie."""

    def test_the_error_states_the_size(self, app: Cocopot) -> None:
        """It names the size, the limit, the largest values, and what to do."""
        text = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9000))
        app.add_url_rule("/large", "large", done(lambda: session.update(small=1, text=text)))
        with pytest.raises(CookieTooLargeError) as caught:
            app.test_client().get("/large")
        error = caught.value
        assert error.size > error.limit == 4093
        assert error.largest == [("text", 9002), ("small", 1)]
        assert f"would have {error.size} bytes" in str(error)
        assert "'text' (9002 bytes)" in str(error)
        assert "SESSION_STORE" in str(error)

    def test_it_is_a_500(self, app: Cocopot) -> None:
        """The client is not sent a response whose session is lost."""
        app.testing = False
        app.logger.disabled = True
        app.add_url_rule("/large", "large", done(lambda: session.update(text=random.randbytes(5000))))
        assert app.test_client().get("/large").status_code == 500

    @pytest.mark.filterwarnings("error")
    def test_the_limit_is_exact(self, app: Cocopot) -> None:
        """A cookie of the limit with its attributes is set, one of a byte more is not."""
        text = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=4500))
        app.add_url_rule("/<int:length>", "text", done(lambda length: session.update(text=text[:length])))
        client, sizes = app.test_client(), []
        for length in range(3000, 4500, 5):
            try:
                sizes.append(len(client.get(f"/{length}").headers["Set-Cookie"]))
            except CookieTooLargeError as error:
                sizes.append(error.size)
                break
        assert sizes[-1] > 4093 >= sizes[-2] > 4000

    def test_without_a_limit(self, app: Cocopot) -> None:
        """What would not be read again is an error, also if MAX_COOKIE_SIZE is off."""
        app.config["MAX_COOKIE_SIZE"] = 0
        app.add_url_rule(
            "/<int:size>", "size", done(lambda size: session.update(text=random.randbytes(size)))
        )
        client = app.test_client()
        assert len(client.get("/6000").headers["Set-Cookie"]) > 4093
        with pytest.raises(CookieTooLargeError):
            client.get("/13000")

    def test_a_long_text_is_compressed(self, app: Cocopot) -> None:
        """What repeats itself takes little of the cookie."""
        client = app.test_client()
        with client.session_transaction() as stored:
            stored["text"] = "coconut " * 2000
        with client.session_transaction() as stored:
            assert stored["text"] == "coconut " * 2000


def test_a_value_that_cannot_be_stored(app: Cocopot) -> None:
    """The error names the key and the type."""
    app.add_url_rule("/set-of", "set-of", done(lambda: session.update(tags={"a"})))
    number: Any = 5
    app.add_url_rule("/number", "number", done(lambda: session.update({number: 1})))
    app.add_url_rule("/half", "half", done(lambda: session.update({"\ud800": 1})))
    with pytest.raises(TypeError, match=r"session key 'tags' cannot be stored: it contains a set\."):
        app.test_client().get("/set-of")
    with pytest.raises(TypeError, match="The session key 5 is a int; keys are texts"):
        app.test_client().get("/number")
    with pytest.raises(TypeError, match="has half of a surrogate pair"):
        app.test_client().get("/half")


def test_change_and_rotate(app: Cocopot) -> None:
    """What plugins call for sessions in a store works for signed cookies, too."""
    client = app.test_client()
    for expected in (1, 2):
        with client.session_transaction() as stored:
            assert stored.change("visits", lambda visits: visits + 1, 0) == expected
            stored.rotate()
    with client.session_transaction() as stored:
        stored.destroy()
        assert not stored
    assert client.get_cookie(NAME) is None
