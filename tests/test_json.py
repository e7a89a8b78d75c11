from __future__ import annotations

import dataclasses
import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from cocopot import Cocopot
from cocopot.config_keys import DEFAULTS
from cocopot.json import DefaultJSONProvider, JSONProvider
from cocopot.response import Response

# The first text that Hypothesis draws on a new machine waits for its table of characters.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)
BEYOND_JSON = {
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}


class App:
    """What a provider needs of an application."""

    def __init__(self, **config: Any) -> None:
        self.config = {**DEFAULTS, **config}
        self.debug = False
        self.response_class = Response


def make_app(**config: Any) -> Any:
    return App(**config)


class Minimal(JSONProvider):
    """A provider with the two methods that it must have."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return json.dumps(obj, **kwargs)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return json.loads(s, **kwargs)


class Html:
    def __html__(self) -> str:
        return "<b>"


@dataclasses.dataclass
class Point:
    x: int
    y: Any


def provider(**config: Any) -> DefaultJSONProvider:
    return DefaultJSONProvider(make_app(**config))


class TestRoundTrip:
    @ANY_SPEED
    @given(VALUES)
    def test_dumps(self, value: Any) -> None:
        """What is written is what the standard library writes."""
        assert provider().dumps(value) == json.dumps(value, sort_keys=True)
        assert provider(JSON_AS_ASCII=False).dumps(value) == json.dumps(
            value, sort_keys=True, ensure_ascii=False
        )

    @ANY_SPEED
    @given(VALUES)
    def test_loads(self, value: Any) -> None:
        """What was written is read as it was, from text and from bytes."""
        text = provider().dumps(value)
        assert provider().loads(text) == value
        assert provider().loads(text.encode()) == value

    @ANY_SPEED
    @given(VALUES)
    def test_response(self, value: Any) -> None:
        """A response's body is the compact text of the standard library and a line feed."""
        expected = json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"
        assert provider().response(value).get_data(as_text=True) == expected


JSON_NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
# Texts as a client may send them: numbers of any size, escapes of half a character, keys that occur twice.
JSON_STRINGS = st.lists(
    st.sampled_from(["a", "\u00e9", "\U0001f426", r"\ud800", r"\udc26", r"\u0000", r"\n", "[", "{"]),
    max_size=4,
).map(lambda parts: f'"{"".join(parts)}"')
JSON_TEXTS = st.recursive(
    JSON_NUMBERS
    | JSON_STRINGS
    | st.sampled_from(["null", "true", "NaN", "-Infinity", "-0", "-0.0", "1e309"]),
    lambda texts: (
        st.lists(texts, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(JSON_STRINGS, texts), max_size=4).map(
            lambda items: "{" + ",".join(f"{key}: {value}" for key, value in items) + "}"
        )
    ),
)
CONFIGURATIONS = [
    {"JSON_AS_ASCII": only_ascii, "JSON_SORT_KEYS": sort, "JSON_COMPACT": compact}
    for only_ascii in (False, True)
    for sort in (False, True)
    for compact in (False, True)
]


def write_everywhere(value: Any) -> list[bytes]:
    """Return what each configuration writes, as a response, a text and a file."""
    written = []
    for config in CONFIGURATIONS:
        json_provider = provider(**config)
        file = io.TextIOWrapper(io.BytesIO(), "utf-8")
        json_provider.dump({"value": value}, file)
        written += [
            json_provider.response(value).data,
            json_provider.dumps(value).encode(),
            json_provider.dumps([value], indent=1).encode(),
        ]
    return written


class TestWhatIsAcceptedCanBeWritten:
    @ANY_SPEED
    @given(JSON_TEXTS | JSON_TEXTS.map(lambda text: text.replace("\\ud800", "\ud800")))
    def test_any_text(self, text: str) -> None:
        """What is read can be written with every configuration, and is the same when it is read again."""
        try:
            value = provider().loads(text)
        except ValueError:
            return
        for written in write_everywhere(value)[:2]:
            assert provider().loads(written) == value or "\\ud" in text

    @pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
    def test_any_depth(self, opening: str) -> None:
        """The deepest text that is read can be written, also far down in the calls of a view."""

        def call_deeper(frames: int, depth: int) -> list[bytes]:
            return call_deeper(frames - 1, depth) if frames else write_everywhere(nested(depth))

        def nested(depth: int) -> Any:
            brackets = opening.count("[") + opening.count("{")
            text = opening * (depth // brackets) + "1"
            closing = "".join("]" if char == "[" else "}" for char in reversed(opening) if char in "[{")
            return provider().loads(text + closing * (depth // brackets))

        assert call_deeper(200, 500)
        with pytest.raises(ValueError, match="nested too deeply: more than 500 levels"):
            nested(502)

    def test_many_brackets_are_not_deep(self) -> None:
        """A long list of objects is not nested deeply, nor are brackets inside of a text."""
        values: list[Any] = [[{"a": [1]}] * 2000, "[" * 2000, {"[" * 2000: {}}]
        for value in values:
            assert provider().loads(json.dumps(value)) == value

    @pytest.mark.parametrize("config", CONFIGURATIONS, ids=str)
    def test_half_a_character(self, config: dict[str, bool]) -> None:
        """A surrogate without its other half is written as the escape that it was sent as."""
        json_provider = provider(**config)
        value = json_provider.loads(rb'{"\udc26": "\ud83d", "a": "\ud83d\udc26 \u00e9"}')
        assert value == {"\udc26": "\ud83d", "a": "\U0001f426 \u00e9"}
        assert json_provider.loads(json_provider.response(value).data) == value
        assert json_provider.loads(json_provider.dumps(value).encode()) == value

    def test_integers(self) -> None:
        """An integer is read and written with as many digits as Python allows, and not with more."""
        digits = sys.get_int_max_str_digits()
        for text in ("9" * digits, "-" + "9" * digits):
            assert provider().dumps(provider().loads(text)) == text
            for number in (f"{text}9", f"[{text}9]", f'{{"a": {text}9}}'):
                with pytest.raises(ValueError, match="limit"):
                    provider().loads(number)
        with pytest.raises(ValueError, match=r"limit .* \(at \$\['a'\]\[0\]\)$"):
            provider().dumps({"a": [10**digits]})

    @pytest.mark.parametrize(
        ("text", "value"), [('{"a": 1, "a": 2}', {"a": 2}), ("-0", 0), ("1E5", 1e5), ("1e-999", 0.0)]
    )
    def test_oddities(self, text: str, value: Any) -> None:
        """Of equal keys the last one counts, and a number that is too small is zero."""
        assert provider().loads(text) == value
        assert str(provider().loads("-0.0")) == "-0.0"


class TestDumps:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (datetime(2024, 2, 29, 12, 30, tzinfo=UTC), '"Thu, 29 Feb 2024 12:30:00 GMT"'),
            (date(2024, 2, 29), '"Thu, 29 Feb 2024 00:00:00 GMT"'),
            (Decimal("1.10"), '"1.10"'),
            (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
            (Point(1, [Point(2, Decimal(3))]), '{"x": 1, "y": [{"x": 2, "y": "3"}]}'),
            (Html(), '"<b>"'),
            (Markup("<i>"), '"<i>"'),
        ],
    )
    def test_more_types(self, value: Any, text: str) -> None:
        """Dates, numbers with decimals, UUIDs, dataclasses and markup are written."""
        assert provider().dumps(value) == text

    def test_configuration(self) -> None:
        """The configuration decides on ASCII and order, also when it changes later."""
        app = make_app()
        json_provider = DefaultJSONProvider(app)
        assert json_provider.dumps({"b": "\u00e9", "a": 1}) == '{"a": 1, "b": "\\u00e9"}'
        app.config.update(JSON_AS_ASCII=False, JSON_SORT_KEYS=False)
        assert json_provider.dumps({"b": "\u00e9", "a": 1}) == '{"b": "\u00e9", "a": 1}'

    def test_options(self) -> None:
        """Options of one call win over the configuration and do not outlive it."""
        json_provider = provider()
        assert json_provider.dumps({"b": 1, "a": [2]}, sort_keys=False, indent=1) == (
            '{\n "b": 1,\n "a": [\n  2\n ]\n}'
        )
        assert json_provider.dumps({1, 2}, default=sorted) == "[1, 2]"
        assert json_provider.dumps({"b": 1, "a": 2}) == '{"a": 2, "b": 1}'

    def test_keys_of_several_types(self) -> None:
        """Keys that cannot be put in order are written in the order of insertion."""
        assert provider().dumps({"b": 1, 2: 2, None: 3}) == '{"b": 1, "2": 2, "null": 3}'

    def test_default_overridden(self) -> None:
        """A subclass or an assignment adds types, and still has those of the base."""

        class Sets(DefaultJSONProvider):
            def default(self, o: Any) -> Any:
                return sorted(o) if isinstance(o, set) else super().default(o)

        json_provider = Sets(make_app())
        assert json_provider.dumps([{2, 1}, Decimal(1)]) == '[[1, 2], "1"]'
        json_provider.default = lambda o: f"{o}"  # type: ignore[method-assign]
        assert json_provider.dumps({1}) == '"{1}"'

    def test_file(self) -> None:
        """A value is written to a file of text and read from one of text or bytes."""
        file = io.StringIO()
        provider().dump({"a": 1}, file, indent=None)
        assert file.getvalue() == '{"a": 1}'
        assert provider().load(io.StringIO('{"a": 1}')) == {"a": 1}
        assert provider().load(io.BytesIO(b'{"a": 1}')) == {"a": 1}


class TestDumpsRefuses:
    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (time(1), "Object of type time is not JSON serializable (at $)"),
            ({"a": [1, {"b": time(1)}]}, "Object of type time is not JSON serializable (at $['a'][1]['b'])"),
            ([Point(1, time(1))], "Object of type time is not JSON serializable (at $[0]['y'])"),
            ((Point,), "Object of type type is not JSON serializable (at $[0])"),
            (Html, "Object of type type is not JSON serializable (at $)"),
            ([{(1, 2): 3}], "Key of type tuple is not str, int, float, bool or None (at $[0])"),
        ],
    )
    def test_unknown_type(self, value: Any, message: str) -> None:
        """An error names the type of what cannot be written, and where it is."""
        with pytest.raises(TypeError) as caught:
            provider().dumps(value)
        assert str(caught.value) == message

    def test_a_long_place(self) -> None:
        """Of a place with long keys, which a client may have sent, only the beginning is shown."""
        with pytest.raises(TypeError, match=r"characters\)\)$") as caught:
            provider().dumps({"\n" * 10_000: time(1)})
        assert len(str(caught.value)) < 1100
        assert str(caught.value).isprintable()

    @pytest.mark.parametrize("number", BEYOND_JSON.values(), ids=str)
    def test_not_finite(self, number: float) -> None:
        """Not a number and the infinities are refused by name and place, as values and as keys."""
        with pytest.raises(ValueError, match=rf"^{number!r} is not JSON .* \(at \$\['a'\]\[1\]\)$"):
            provider().dumps({"a": [0.5, number]})
        with pytest.raises(ValueError, match=rf"^{number!r} is not JSON .* \(at \$\)$"):
            provider().dumps({number: 1})

    def test_first_culprit(self) -> None:
        """Of two things that cannot be written the error names the first, as the encoder comes by it."""
        with pytest.raises(TypeError, match=r"type time .* \(at \$\['b'\]\)"):
            provider().dumps({"b": time(1), "a": object()})
        with pytest.raises(TypeError, match=r"type object .* \(at \$\['a'\]\)"):
            provider(JSON_SORT_KEYS=False).dumps({"a": object(), "b": time(1)})

    def test_options_of_the_call(self) -> None:
        """The search for the culprit passes over what the options of the call allow."""
        value = {("skipped",): 1, "a": float("nan"), "b": time(1)}
        with pytest.raises(TypeError, match=r"\(at \$\['b'\]\)"):
            provider().dumps(value, skipkeys=True, allow_nan=True)
        assert provider().dumps({"a": float("nan")}, allow_nan=True) == '{"a": NaN}'

    def test_circular_is_found_at_once(self) -> None:
        """A value that contains itself is written once, not as often as Python can nest calls."""
        asked: list[object] = []

        class Again(DefaultJSONProvider):
            def default(self, o: Any) -> Any:
                asked.append(o)
                return {"again": o}

        with pytest.raises(ValueError, match="Circular reference detected"):
            Again(make_app()).dumps(object())
        assert len(asked) <= 3

    def test_what_fails_once_is_not_written_again(self) -> None:
        """A failure is raised, even if a second attempt would succeed without what the first has used up."""
        failures = [ValueError("the database went away")]

        class Once(DefaultJSONProvider):
            def default(self, o: Any) -> Any:
                if hasattr(o, "__next__"):
                    return list(o)
                if failures:
                    raise failures.pop()
                return "row"

        with pytest.raises(ValueError, match="the database went away"):
            Once(make_app()).dumps({"a": iter([1, 2]), "b": object()})

    def test_threads_write_the_same_value(self) -> None:
        """A value that several threads write at once does not count as one that contains itself."""
        value = {"rows": [{"id": number} for number in range(3000)]}
        expected = json.dumps(value, sort_keys=True)
        with ThreadPoolExecutor(8) as pool:
            assert {*pool.map(provider().dumps, [value] * 40)} == {expected}

    def test_circular(self) -> None:
        """A value that contains itself is an error, also with something unknown behind it."""
        value: list[Any] = [1]
        value += [value, time(1)]
        with pytest.raises(ValueError, match="Circular reference") as caught:
            provider().dumps([value])
        assert type(caught.value) is ValueError

    def test_own_error(self) -> None:
        """An error of the application's own type stays what it is and gets a note with the place."""

        class NoSuchCurrencyError(ValueError):
            pass

        class Money:
            def __html__(self) -> str:
                raise NoSuchCurrencyError

        with pytest.raises(NoSuchCurrencyError) as caught:
            provider().dumps({"price": Money()})
        assert caught.value.__notes__ == ["while writing $['price'] as JSON"]


class TestLoads:
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le"]
    )
    @pytest.mark.parametrize("text", ['{"a":1}', ' {"a":1}', '{"a":1}\r\n', "{}", '[{"a":1}]'])
    def test_encodings(self, encoding: str, text: str) -> None:
        """The encoding is recognized, with and without a mark, and blanks around the document are allowed."""
        assert provider().loads(text.encode(encoding)) == json.loads(text)

    @pytest.mark.parametrize("text", ['{"a":1}x', '{"a":1}\x0b', '{"a":1}\u00a0', "{", "", " "])
    def test_something_behind_it(self, text: str) -> None:
        """What else is behind the document, other blanks included, is refused in the usual words."""
        with pytest.raises(json.JSONDecodeError) as theirs:
            json.loads(text)
        with pytest.raises(json.JSONDecodeError) as ours:
            provider().loads(text.encode())
        assert str(ours.value) == str(theirs.value)

    def test_options(self) -> None:
        """Options of one call are those of the standard library."""
        assert provider().loads("[1.5]", parse_float=Decimal) == [Decimal("1.5")]
        assert provider().loads("NaN", parse_constant=str.lower) == "nan"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_bytes(self, encoding: str) -> None:
        """Bytes are read in any encoding of Unicode, bytearrays too."""
        data = '["\u00e9"]'.encode(encoding)
        assert provider().loads(data) == ["\u00e9"]
        assert provider().loads(bytearray(data)) == ["\u00e9"]

    @pytest.mark.parametrize("text", ["", "{", "[1,]", b"\xff", b'"\xed\xa0\x80"', "9" * 5000])
    def test_invalid(self, text: str | bytes) -> None:
        """What is not a JSON, bad UTF-8 included, is a ValueError, which a request turns into a 400."""
        with pytest.raises(ValueError):  # noqa: PT011 - each text has another message
            provider().loads(text)

    @pytest.mark.parametrize("constant", BEYOND_JSON)
    def test_not_finite(self, constant: str) -> None:
        """Not a number and the infinities are refused by name, with options or without."""
        with pytest.raises(ValueError, match=f"^{constant} is not JSON"):
            provider().loads(f"[{constant}]")
        with pytest.raises(ValueError, match=f"^{constant} is not JSON"):
            provider().loads(f"[{constant}]", parse_float=Decimal)

    @pytest.mark.parametrize("number", ["1e999", "-1e400", "1E+309", "1" * 400 + ".5", "1" * 400 + "e-1"])
    def test_too_large(self, number: str) -> None:
        """A number that Python reads as infinity is refused, wherever it is, with options or without."""
        for text in (number, f"[{number}]", f'{{"a": [1, {{"b": {number}}}]}}', f" {number} "):
            for data in (text, text.encode(), text.encode("utf-16"), bytearray(text.encode())):
                with pytest.raises(ValueError, match=r"^the number -?1.{0,38} is too large$"):
                    provider().loads(data)
            with pytest.raises(ValueError, match="is too large"):
                provider().loads(text, object_hook=dict)

    def test_nested_too_deeply(self) -> None:
        """A text that nests deeper than Python can follow is bad input, not an internal error."""
        depth = 100 * sys.getrecursionlimit()
        with pytest.raises(ValueError, match="nested too deeply"):
            provider().loads("[" * depth + "]" * depth)

    def test_wrong_type(self) -> None:
        """Something that is not a text is a mistake by the programmer."""
        with pytest.raises(TypeError, match="NoneType"):
            provider().loads(None)  # type: ignore[arg-type]


class TestResponse:
    @pytest.mark.parametrize(
        ("args", "kwargs", "text"),
        [
            ((), {}, "null"),
            ((1,), {}, "1"),
            ((1, 2), {}, "[1,2]"),
            (([],), {}, "[]"),
            ((), {"b": 1, "a": 2}, '{"a":2,"b":1}'),
        ],
    )
    def test_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any], text: str) -> None:
        """One argument is the value, several are a list, keywords a dict, and nothing is null."""
        response = provider().response(*args, **kwargs)
        assert response.status_code == 200
        assert response.data == f"{text}\n".encode()
        assert response.content_type == "application/json"

    def test_arguments_of_both_kinds(self) -> None:
        """Positional and keyword arguments together are refused."""
        with pytest.raises(TypeError, match="not both"):
            provider().response(1, a=2)

    @pytest.mark.parametrize(
        ("compact", "debug", "text"),
        [
            (None, False, "[1]\n"),
            (None, True, "[\n  1\n]\n"),
            (True, True, "[1]\n"),
            (False, False, "[\n  1\n]\n"),
        ],
    )
    def test_layout(self, compact: bool | None, debug: bool, text: str) -> None:
        """Responses are indented while debugging, unless the configuration states otherwise."""
        app = make_app(JSON_COMPACT=compact)
        app.debug = debug
        assert DefaultJSONProvider(app).response([1]).get_data(as_text=True) == text

    @pytest.mark.parametrize("is_late", [False, True])
    def test_layout_of_a_subclass(self, is_late: bool) -> None:
        """A subclass may decide by itself whether it is debugging."""
        own: Any = type("Own", (Cocopot,), {"debug": True})
        app = own("own", autoload=False)
        app.add_url_rule("/", "index", lambda: [1])
        if is_late:
            own.debug, app.config["DEBUG"] = False, True
            assert app.test_client().get("/").text == "[1]\n"
        else:
            assert app.test_client().get("/").text == "[\n  1\n]\n"

    def test_configuration(self) -> None:
        """The configuration decides on content type and ASCII."""
        response = provider(JSON_MIMETYPE="application/vnd.api+json", JSON_AS_ASCII=False).response("\u00e9")
        assert response.content_type == "application/vnd.api+json"
        assert response.data == '"\u00e9"\n'.encode()


class TestProvider:
    def test_minimal(self) -> None:
        """A provider with dumps and loads has the rest from the base."""
        minimal = Minimal(make_app(JSON_MIMETYPE="text/json"))
        response = minimal.response(1, 2)
        assert (response.data, response.content_type) == (b"[1, 2]", "text/json")
        file = io.StringIO()
        minimal.dump([1], file)
        assert minimal.load(io.StringIO(file.getvalue())) == [1]

    def test_incomplete(self) -> None:
        """A provider that lacks one of the two cannot be made."""

        class Incomplete(JSONProvider):
            def dumps(self, obj: Any, **kwargs: Any) -> str:
                return ""

        with pytest.raises(TypeError, match="loads"):
            Incomplete(make_app())  # type: ignore[abstract]
