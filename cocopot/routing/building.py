"""Build the host and the path of a rule, as the functions do that Werkzeug compiles for each rule.

Most rules are never built, and compiling a function takes longer than all else that adding a rule does: here
a rule is compiled, into data, when it is first built. Texts that need no quoting, and numbers, are written
without a call of their converters.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

from werkzeug.routing import BaseConverter
from werkzeug.routing import Rule as WerkzeugRule

from cocopot.request_urls import quote_path
from cocopot.routing.converters import IntegerConverter
from cocopot.speedups import Quoter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cocopot.routing.rule import Rule

    Writer: TypeAlias = Callable[[Any], str]

#: A text, and what follows it: a variable, how it is written, and the next text.
_Template: TypeAlias = "tuple[str, tuple[tuple[str, Writer, str], ...]]"

#: Quotes a name or a value in a query, except for blanks (https://url.spec.whatwg.org/#percent-encoded-bytes).
_quote_in_query = Quoter("!$'()*,/:;?@ ")
#: Numbers from 0 to it are written without a call; of a larger one, Python may refuse the digits.
_LARGEST = 2**64


class Builder:
    """Builds the host or the subdomain, and the path.

    Args:
        rule: A rule that was added to a router.

    Raises:
        Exception: Its converter cannot write the default of a variable.
    """

    __slots__ = ("_domain", "_encode", "_path", "_sorts", "domain", "is_plain", "names", "variables")

    def __init__(self, rule: Rule) -> None:
        domain, path = split_trace(rule)
        #: The variables whose values are needed.
        self.variables = [name for name, _, _ in (*domain[1], *path[1])]
        #: All names that are not in the query.
        self.names = frozenset((*self.variables, *map(str, rule.defaults or ())))
        self._domain = domain
        self._path = path
        #: The host or the subdomain, if it has no variable.
        self.domain = None if domain[1] else domain[0]
        #: Whether `path` builds all that Werkzeug would.
        self.is_plain = not domain[1] and not rule.defaults and "%" not in domain[0]
        self._encode = rule._encode_query_vars  # noqa: SLF001 - Werkzeug has no public name for it
        own = type(rule)._encode_query_vars is not WerkzeugRule._encode_query_vars  # noqa: SLF001
        self._sorts = rule.map.sort_parameters or own

    def build(self, values: Mapping[str, Any], append_unknown: bool = True) -> tuple[str, str]:
        """Return the host or the subdomain, and the path.

        Args:
            values: A value for each of `variables`; the others become the query.
            append_unknown: Whether to append a query.

        Raises:
            ValidationError: A converter does not accept a value.
        """
        query = ""
        if append_unknown and not self.names.issuperset(values):
            unknown = {name: value for name, value in values.items() if name not in self.names}
            query = f"?{self._query(unknown)}"
        domain = _write(self._domain, values) if self._domain[1] else self._domain[0]
        return domain, _write(self._path, values) + query

    def path(self, values: Mapping[str, Any]) -> str | None:
        """Return the path with a query, as `build` does, or `None` if a value is missing.

        Args:
            values: The values; those that are `None` are missing.

        Raises:
            ValidationError: A converter does not accept a value.
        """
        text, variables = self._path
        for name, write, following in variables:
            value = values.get(name)
            if value is None:
                return None
            text += write(value) + following
        if len(values) > len(variables):
            names = self.names
            unknown = {n: value for n, value in values.items() if value is not None and n not in names}
            return f"{text}?{self._query(unknown)}" if unknown else text
        return text

    def _query(self, values: Mapping[str, Any]) -> str:
        if self._sorts:
            return self._encode(values)
        pairs = []
        for name, value in values.items():
            if type(name) is not str:
                return self._encode(values)
            quoted = _quote_in_query(name)
            for item in value if type(value) is list else (value,):
                if type(item) is str:
                    text = _quote_in_query(item)
                elif type(item) is int:
                    text = str(item)
                else:
                    return self._encode(values)
                pairs.append(f"{quoted}={text}")
        return "&".join(pairs).replace(" ", "+")


class RuleIndex:
    """The rules of one endpoint, found by the values that a URL is built with.

    Args:
        rules: The rules, in the order in which they are tried.
    """

    __slots__ = ("_always", "_by_default", "_by_name", "_rules")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        #: The numbers of rules that are always tried.
        self._always: list[int] = []
        #: By the rarest variable that they need.
        self._by_name: dict[str, list[int]] = {}
        #: By a variable with a default: all, and those with each default.
        self._by_default: dict[str, tuple[list[int], dict[object, list[int]]]] = {}
        uses = Counter(name for rule in rules for name in rule.arguments)
        for number, rule in enumerate(rules):
            self._add(number, rule, uses)

    def _add(self, number: int, rule: Rule, uses: Mapping[str, int]) -> None:
        if rule.defaults:
            name, default = next(iter(rule.defaults.items()))
            found, by_value = self._by_default.setdefault(name, ([], {}))
            try:
                by_value.setdefault(default, []).append(number)
                found.append(number)
            except TypeError:  # it has no hash
                self._always.append(number)
        elif rule.arguments:
            name = min(rule.arguments, key=lambda name: uses[name])
            self._by_name.setdefault(name, []).append(number)
        else:
            self._always.append(number)

    def find(self, values: Mapping[str, Any]) -> list[Rule]:
        """Return the rules that may be suitable for values, in their order."""
        numbers = self._always.copy()
        for name in values.keys() & self._by_name.keys():
            numbers += self._by_name[name]
        for name, (found, by_value) in self._by_default.items():
            try:
                numbers += by_value.get(values[name], ()) if name in values else found
            except TypeError:  # the value has no hash
                numbers += found
        numbers.sort()
        return [self._rules[number] for number in numbers]


def find_rules(
    endpoint: str, rules: Sequence[Rule], values: Mapping[str, Any], indexes: dict[str, RuleIndex]
) -> list[Rule]:
    """Return the rules of an endpoint that may be suitable for values, in their order.

    Args:
        endpoint: The endpoint.
        rules: All its rules.
        values: The values.
        indexes: The indexes of endpoints, to which that of this one is added.
    """
    index = indexes.get(endpoint)
    if index is None:
        index = indexes[endpoint] = RuleIndex(rules)
    return index.find(values)


def split_trace(rule: Rule) -> tuple[_Template, _Template]:
    """Return the templates of the host or the subdomain, and of the path.

    A variable with a default is a part of the text.

    Args:
        rule: A rule that was added to a router.

    Raises:
        Exception: Its converter cannot write the default.
    """
    pieces: list[tuple[bool, str]] = rule._trace  # noqa: SLF001 - Werkzeug has no public name for it
    end = pieces.index((False, "|"))
    return _template(rule, pieces[:end]), _template(rule, pieces[end + 1 :])


def _template(rule: Rule, pieces: Iterable[tuple[bool, str]]) -> _Template:
    defaults = rule.defaults or {}
    texts, variables = [""], []
    for is_variable, text in pieces:
        converter = rule._converters[text] if is_variable else None  # noqa: SLF001 - likewise
        if converter is None:
            texts[-1] += quote_path(text)
        elif text in defaults:
            texts[-1] += converter.to_url(defaults[text])
        else:
            variables.append((text, _writer(converter)))
            texts.append("")
    head, *following = texts
    return head, tuple((*variable, text) for variable, text in zip(variables, following, strict=True))


def _writer(converter: BaseConverter) -> Writer:
    """Return what writes a value: the method of the converter, without a call where that is known."""
    to_url = converter.to_url
    if getattr(to_url, "__func__", None) is BaseConverter.to_url:
        return lambda value: quote_path(value) if type(value) is str else to_url(value)
    if type(converter) is IntegerConverter and converter.is_unlimited:
        return lambda value: str(value) if type(value) is int and 0 <= value < _LARGEST else to_url(value)
    return to_url


def _write(template: _Template, values: Mapping[str, Any]) -> str:
    text, variables = template
    for name, write, following in variables:
        text += write(values[name]) + following
    return text
