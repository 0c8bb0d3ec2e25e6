"""The ways to hide a bad file from `audit`, and which pips refuse them."""

from __future__ import annotations

from tests.support.hidden_archives import ARCHIVES
from tests.support.hidden_pages import PAGES

ROWS = PAGES | ARCHIVES

_BEFORE_JSON = frozenset({"20.3.4"})
_SINCE_23 = frozenset({"23.2.1", "23.3.2", "25.3", "26.3"})

REFUSED: dict[str, frozenset[str]] = {name: _BEFORE_JSON for name in PAGES if name.startswith("JSON")} | {
    "HTML of the simple API": _BEFORE_JSON,
    "two href": _SINCE_23,
    "two href, the last counts": _BEFORE_JSON,
    "a scheme in capitals": _BEFORE_JSON,
    "user and password": _BEFORE_JSON,
    "UTF-16 without a mark": _BEFORE_JSON,
    "EBCDIC": _BEFORE_JSON,
    "an unknown charset": _SINCE_23,
    "x-gzip": frozenset({"20.3.4", "23.2.1", "23.3.2", "25.3"}),
    "quoted twice": frozenset({"26.3"}),
    "a post-release of a wheel": _SINCE_23,
    "a folder of a longer name": frozenset({"23.2.1", "23.3.2"}),
    "METADATA with a folded name": frozenset({"20.3.4", "25.3", "26.3"}),
    "METADATA with a blank line before": _SINCE_23,
    "a ZIP that is called tar": frozenset({"26.3"}),
    "a ZIP behind an sdist": frozenset({"26.3"}),
    "a repository at a commit": frozenset({"20.3.4", "23.2.1", "23.3.2"}),
}
"""The pips that do not take a bad file that is hidden in this way; each way is taken by some pip."""
