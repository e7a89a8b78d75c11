"""Router: a Werkzeug Map with a fast matcher in front.

Werkzeug decides which rule a path belongs to: its parser, its converters and the order of its states are
used as they are. What is added is speed. From Werkzeug's states a table is built, on the first match after a
rule was added:

1. A dictionary from a whole path to the rules that have no variable (``table.py``).
2. A tree of dictionaries for the static segments that a path begins with. Where it ends, the number of
   segments and the static ones among the rest lead to a *plan* (``plans.py``): the rule, and a function
   that tests and converts its variables, compiled for all rules of that shape (``readers.py``).
3. The states themselves, walked in Werkzeug's order (``walk.py``). What no plan answers is looked for here.

Redirects, WebSocket requests and hosts not seen before go through Werkzeug's adapter, which finds its rule by
the third way. A table's rules never change once it is built, and what depends on the client (the hosts seen,
and the refusals of methods) is kept up to a fixed number.
"""

from __future__ import annotations

from cocopot.routing.router import Router
from cocopot.routing.rule import Rule

__all__ = ["Router", "Rule"]
