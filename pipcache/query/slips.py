"""Selectors as people write them by habit, and how pipcache wants them."""

import re
from urllib.parse import unquote

from pipcache.query.selector import SelectorError, parse_selector
from pipcache.util.hashes import split_tagged
from pipcache.util.urls import project_page

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<extras>\[[^\]]*\])?(?P<rest>.*)", re.DOTALL)

_REFERENCE = r"[A-Za-z0-9][\w.-]{0,200}\s*(?:\[[^\]]{0,200}\]\s*)?@\s*([\w+.-]{1,50}:\S+)"

_PURL = r"pkg:pypi/([^@?#/]+)(?:@([^?#]+))?(?:[?#].*)?"
"""A package URL of PyPI's (the purl specification)."""

_AROUND = " \t\r\n\"'`"
"""What may stand around a selector that was copied."""

_OPERATORS = {
    **{operator: operator for operator in ("===", "==", "~=", "!=", "<=", ">=", "<", ">")},
    "=": "==",
    "=>": ">=",
    "=<": "<=",
    "=~": "~=",
    "=!": "!=",
    "<>": "!=",
    "~": "~=",
    "^": "^",
    "@": "==",
    ":": "==",
    "": "==",
}
"""Operators of other tools and slips of the hand, with those of PEP 440."""

_CLAUSE = re.compile(r"\s*([=<>~!^@:]*)\s*(\S*)\s*")


def correct_selector(text: str) -> str | None:
    """Return what a text that is no selector most likely means, as a selector; None where nobody can say."""
    return next((candidate for candidate in _candidates(text.strip(_AROUND)) if _is_selector(candidate)), None)


def _is_selector(text: str) -> bool:
    try:
        parse_selector(text)
    except SelectorError:
        return False
    return True


def _candidates(text: str) -> list[str]:
    if (page := project_page(text)) is not None:  # copied from a browser
        return [page[0] if page[1] is None else f"{page[0]}=={page[1]}"]
    if (reference := re.match(_REFERENCE, text)) is not None:  # PEP 508: the URL says it all
        return [reference[1]]
    if ";" in text:  # a marker is about an environment
        return [text.partition(";")[0].strip()]
    if (purl := re.fullmatch(_PURL, text)) is not None:
        return [unquote(purl[1]) + (f"=={unquote(purl[2])}" if purl[2] else "")]
    if re.search(r"[/\\]", text):
        return [re.split(r"[/\\]", text)[-1]]
    if (match := _NAMED.fullmatch(text)) is None or split_tagged(text) is not None:
        return []
    rest = re.sub(r"\s#.*", "", match["rest"]).strip()
    rest = rest[1:-1] if rest.startswith("(") and rest.endswith(")") else rest
    specifiers = _specifiers(re.sub(r"(?<=[\w*])\s+(?=[=<>~!^])", ",", rest))
    return [] if specifiers is None else [f"{match['name']}{match['extras'] or ''}{specifiers}"]


def _specifiers(text: str) -> str | None:
    """Return specifiers as PEP 440 has them; None where one cannot be understood."""
    clauses = []
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None or match[1] not in _OPERATORS:
            return None
        if match[2] not in {"", "*", "x", "X", "latest", "any"}:
            clauses.append(_clause(_OPERATORS[match[1]], match[2]))
    return ",".join(clauses)


def _clause(operator: str, version: str) -> str:
    """Return a clause; ``1.x`` and ``1*`` become ``1.*``, which only ``==`` and ``!=`` know."""
    stem = re.sub(r"(?:\.?\*|\.[xX]){1,9}$", "", version)
    if operator == "^":
        first = re.match(r"v?(\d+)", stem)
        return f">={stem}" + (f",<{int(first[1]) + 1}" if first is not None else "")
    if stem == version:
        return f"{operator}{version}"
    if operator in {"==", "!=", "==="}:
        return f"{operator[:2]}{stem}.*"
    return f"=={stem}.*" if operator == "~=" else f"{operator}{stem}"
