"""Hide the secrets inside of texts."""

from __future__ import annotations

import re
from urllib.parse import unquote

from cocopot.cli.masking_names import MAX_ENCODINGS, decode, is_secret, is_unmistakable
from cocopot.cli.masking_urls import MASK, mask_urls

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_HEADER = re.compile(
    r"(\b(?:authorization|cookie)[ \t]*+:[ \t]*+)(?!['\"\\])(?:=\"[^\"\r\n]*\"|[^\r\n'\"])+", re.IGNORECASE
)
#: Values of the header Authorization (RFC 9110, 11.4), which have a digit, padding or a capital inside.
_SCHEME = re.compile(
    r"(\b(?i:ApiKey|Basic|Bearer|Token)[ \t]+)(?=[\w.~+/-]*(?:[0-9=]|[a-z][A-Z]))[\w.~+/-]{8,}=*"
)
#: Secrets that their form identifies: JSON Web Tokens (RFC 7519), and keys of well-known services.
_TOKENS = re.compile(
    r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"
    r"|\bLS0tLS1CRUdJTi[\w+/=]+"  # PEM in Base64
    r"|(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|(?:rk|sk)_(?:live|test)_\w{16,}|whsec_\w{16,}"
    r"|AGE-SECRET-KEY-1\w+|sk-[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}|xox[abeoprs]-[\w-]{10,}"
    r")(?![A-Za-z0-9])"
)

#: A word, or the value of an item of a query, that is percent-encoded.
_ENCODED = re.compile(r"(?<![^\s=&?#;'\"(,])[^\s=&?#;'\"(),%]*+%[^\s=&?#;'\"(),]++")


def mask_text(text: str) -> str:
    """Mask the secrets of a text.

    They are the passwords and tokens in URLs, the items of their queries with the name of a secret, values
    that are assigned to such a name (`password=...`, `"token": ...`, `AccountKey=...`), the values of the
    headers Authorization and Cookie, XML elements and command-line options of such a name, private keys in
    PEM, and tokens that their form identifies; also where they are percent-encoded.
    """
    text = _mask_once(text)
    return _ENCODED.sub(lambda word: MASK if _has_secret(word[0]) else word[0], text) if "%" in text else text


def _mask_once(text: str) -> str:
    text = _TOKENS.sub(MASK, _PRIVATE_KEY.sub(MASK, text))
    text = _SCHEME.sub(rf"\1{MASK}", _HEADER.sub(rf"\1{MASK}", mask_urls(text)))
    for pattern in _NAMED_VALUES:
        text = pattern.sub(_mask_named_value, text)
    return _mask_assignments(text)


def _has_secret(value: str) -> bool:
    """Return whether a value that is percent-encoded, perhaps several times, has a secret."""
    for _ in range(MAX_ENCODINGS):
        decoded = unquote(value)
        if decoded == value:
            break
        if _mask_once(decoded) != decoded:
            return True
        value = decoded
    return False


# -------------------------------------------------------------------------
# Names and values that no operator joins
# -------------------------------------------------------------------------

#: A value in quotes, or between the tags of an element.
_VALUE = r"(?P<value>[^'\"<>\\]+)"
_NAMED_VALUES = (
    # `name="API_KEY" value="..."`, `{"key": "API_KEY", "value": "..."}`
    re.compile(
        r"\b(?:name|key)[\"']?[ ]?[=:][ ]?[\"'](?P<name>[\w.-]++)[\"'],?\s+[\"']?value[\"']?[ ]?[=:][ ]?[\"']"
        + _VALUE,
        re.IGNORECASE,
    ),
    # `("password", "...")`
    re.compile(r"[(\[][\"'](?P<name>[\w.-]++)[\"'], ?b?[\"']" + _VALUE + r"(?=[\"'][)\]])"),
    # `<password>...</password>`
    re.compile(r"<(?P<name>[\w.:-]++)(?:\s[^<>]*+)?>(?:<!\[CDATA\[)?(?P<value>[^<>]+)(?=(?:\]\]>)?</)"),
    # `--password ...`
    re.compile(
        r"(?<![\w-])--?(?P<name>[a-z][\w-]++) (?P<value>(?!(?:and|for|if|in|is|or|to)\b)[^\s'\"-][^\s'\"]*+)"
    ),
    # `login ... password ...` of the file .netrc
    re.compile(r"(?P<name>\blogin\s+\S++\s+password\s)\s*(?P<value>\S++)"),
)


def _mask_named_value(found: re.Match[str]) -> str:
    if not is_secret(found["name"]):
        return found[0]
    start, end = (position - found.start() for position in found.span("value"))
    return found[0][:start] + MASK + found[0][end:]


# -------------------------------------------------------------------------
# Assignments
# -------------------------------------------------------------------------

#: A name and the operator after it, which may have a closing quote of the name, also an escaped one.
_NAME = re.compile(r"(?<![\w.%-])(?P<name>[\w.%-]++)(?P<operator>\\*+[\"']?+[ \t]*+(?::=|=>|[=:])[ \t]*+)")
#: Values that are not secrets: a constant, or an empty string.
_NOTHING = re.compile(r"(?:None|True|False|null)(?=[\s,;)\]}]|\Z)|(?:''|\"\")(?!['\"])", re.IGNORECASE)

_STRING = r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'"""
#: A string, which may have a prefix such as `b`.
_QUOTED = re.compile(rf"[a-z]?(?:{_STRING})", re.IGNORECASE)
#: The quotes of a string inside another string.
_ESCAPED_QUOTE = re.compile(r"\\+[\"']")
#: What precedes the brackets of a call.
_CALLEE = re.compile(r"[\w.]*+")
#: A part of a text in brackets: a string, other text, or one bracket.
_BRACKET_TOKEN = re.compile(rf"{_STRING}|[^\[\](){{}}'\"]++|[\[\](){{}}]")
#: How deep brackets are followed, so that brackets that are never closed take no time.
_DEEPEST_BRACKET = 3
_UP_TO_SEMICOLON = re.compile(r"[^\s;='\"][^;='\"\n]*+(?=;)")
_WORD = re.compile(r"[^\s;&]+")
#: The words up to the end of a line that has no other assignment.
_LINE = re.compile(r"[^\s;&=:'\"\\,()\[\]{}<>][^;&=:'\"\\,()\[\]{}<>\n]*+(?=\n|\Z)")
#: A text on several lines in YAML.
_BLOCK = re.compile(r"[|>][+-]?\d?[ \t]*(?:\r?\n[ \t]+[^\n]*+)+")
#: Words that are long, with digits and letters.
_OPAQUE = re.compile(r"(?=\D*\d)(?=[^a-z]*[a-z])[\w.~%+/-]{16,}=*", re.IGNORECASE)
#: The name of an object in a module, such as `shop.tokens:Plugin`.
_IN_MODULE = re.compile(r"[^\W\d]++(?:\.[^\W\d]++)*+(?=[\s,;)\]}'\"]|\Z)")
#: Punctuation after a word.
_AFTER_WORD = "'\",.)]}>\\"


def _mask_assignments(text: str) -> str:
    parts, written, position = [], 0, 0
    while (found := _NAME.search(text, position)) is not None:
        position = found.end()
        name, operator = decode(found["name"]), found["operator"]
        if not _may_be_masked(name, operator) or _is_in_module(text, found):
            continue
        end = _find_value_end(text, position, operator)
        if end is not None and _begins_line(text, found.start()) and (line := _LINE.match(text, position)):
            end = max(end, line.end())
        if end is None:
            continue
        value = text[position:end]
        if _is_clear(name, operator, value):
            quote = _ESCAPED_QUOTE.match(value) or re.match("[\"']", value)
            parts += [text[written:position], MASK if quote is None else f"{quote[0]}{MASK}{quote[0]}"]
            written = end
        position = end
    return "".join([*parts, text[written:]])


def _may_be_masked(name: str, operator: str) -> bool:
    """Return whether a value may be a secret, as far as its name and the operator show."""
    # After a short word such as `key`, a colon alone is one of prose.
    return is_unmistakable(name) or (is_secret(name) and ("=" in operator or operator[0] in "\\'\""))


def _is_clear(name: str, operator: str, value: str) -> bool:
    """Return whether it is clear that a value is a secret; to a short word such as `key` it is assigned."""
    if is_unmistakable(name) or value[-1] in "'\")]}" or ("=" in operator and name.isupper()):
        return True
    return _OPAQUE.fullmatch(value) is not None


def _is_in_module(text: str, found: re.Match[str]) -> bool:
    """Return whether a name and what follows it are those of a module and of an object in it."""
    is_module = found["operator"] == ":" and ("." in found["name"] or found["name"].startswith("cocopot_"))
    return is_module and _IN_MODULE.match(text, found.end()) is not None


def _begins_line(text: str, start: int) -> bool:
    """Return whether only spaces or the command of a shell precede a name on its line."""
    before = text[max(start - 32, 0) : start]
    line = before.rpartition("\n")[2]
    return (start <= 32 or "\n" in before) and line.strip() in {"", "-", "export", "set"}


def _find_value_end(text: str, start: int, operator: str) -> int | None:
    """Return where an assigned value ends; `None` if there is nothing to hide."""
    is_url = operator.endswith(":") and text.startswith("//", start)
    if is_url or text.startswith(MASK, start) or _NOTHING.match(text, start):
        return None
    if quoted := _QUOTED.match(text, start):
        return quoted.end()
    if block := _BLOCK.match(text, start):
        return block.end()
    end = _find_escaped_end(text, start)
    if end is None:
        end = _find_closing_bracket(text, start)
    if end is None and (statement := _UP_TO_SEMICOLON.match(text, start)):
        end = statement.end()
    if end is None and (word := _WORD.match(text, start)):
        end = start + len(word[0].rstrip(_AFTER_WORD))
    return end if end != start else None


def _find_escaped_end(text: str, start: int) -> int | None:
    """Return the end of a string that begins with escaped quotes, on the same line."""
    quote = _ESCAPED_QUOTE.match(text, start)
    if quote is None:
        return None
    end = text.find(quote[0], quote.end())
    return None if end < 0 or "\n" in text[quote.end() : end] else end + len(quote[0])


def _find_closing_bracket(text: str, start: int) -> int | None:
    """Return the end of a value in brackets, such as a list or a call; `None` if it is not closed."""
    callee, depth = _CALLEE.match(text, start), 0
    position = start if callee is None else callee.end()
    if text[position : position + 1] not in {"[", "(", "{"}:
        return None
    while (token := _BRACKET_TOKEN.match(text, position)) is not None:
        if token[0] in {"[", "(", "{"}:
            depth += 1
        elif token[0] in {"]", ")", "}"}:
            depth -= 1
        if not 0 < depth <= _DEEPEST_BRACKET:
            return token.end() if depth == 0 and token[0] in {"]", ")", "}"} else None
        position = token.end()
    return None
