"""Router: a Werkzeug Map with a fast matcher in front.

Werkzeug decides which rule a path belongs to: its parser, its converters and the order of its states are
used as they are. What is added is speed. A table is built from Werkzeug's states, on the first match after a
rule was added. It has three parts:

1. A dictionary from a whole path to the rules without variables (`table.py`).
2. A tree of dictionaries for the static segments that a path begins with. Where it ends, the number of
   segments and the static ones among the rest lead to a *plan* (`plans.py`): the rule, and a function that
   tests and converts its variables, compiled for all rules of that shape.
3. The states themselves, walked in Werkzeug's order (`walk.py`) if no plan matches.

Redirects other than for a missing slash, WebSocket requests and hosts not seen before go through Werkzeug's
adapter, which finds its rule in the third part (`matcher.py`). A table's rules never change once it is built,
and the caches that depend on clients (hosts, and methods that are not allowed) are bounded. No path takes a
time that grows faster than its length: see `readers.py` for parts with several variables.
"""

from __future__ import annotations

from cocopot.routing.router import NO_METHOD, Router
from cocopot.routing.rule import Rule

__all__ = ["NO_METHOD", "Router", "Rule"]
