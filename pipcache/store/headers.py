"""The headers of stored responses, kept small: a cache may have a hundred thousand of them.

The responses of a server have the same headers in the same order, and the same values in most of them. A layout
has what is the same, once; a response keeps its own values as one text.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import compress
from operator import ne
from typing import TypeVar, overload

T = TypeVar("T")

_END = "\0"
"""Stands between the values in a text. A value that has it is kept in a layout of its own."""

_MOST_LAYOUTS = 1024
"""Layouts of which the program keeps one for all responses; each may have a kilobyte."""

Layout = Mapping[str, str | int]
"""The headers in their order: a value that all responses of the layout have, or the place of their own value."""


class Headers(Mapping[str, str]):
    """The headers of a response by name; the names are in lower case."""

    __slots__ = ("_layout", "_own")

    def __init__(self, layout: Layout, own: str) -> None:
        """Make the headers of a response.

        Args:
            layout: which headers it has.
            own: its own values, in the order of their places.
        """
        self._layout = layout
        self._own = own

    def __getitem__(self, name: str) -> str:
        place = self._layout[name]
        return self._own.split(_END)[place] if isinstance(place, int) else place

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str | T, /) -> str | T: ...
    def get(self, name: str, default: object = None, /) -> object:
        """Return the value of a header; ``default`` without one."""
        place = self._layout.get(name)
        if isinstance(place, int):
            return self._own.split(_END)[place]
        return default if place is None else place

    def __contains__(self, name: object) -> bool:
        return name in self._layout

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout)

    def __len__(self) -> int:
        return len(self._layout)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"


_models: dict[tuple[str, ...], tuple[str, ...]] = {}
"""The values of the first response that had these names."""


def pack_headers(names: tuple[str, ...], values: tuple[str, ...]) -> Headers:
    """Return headers with the given names, all different and in lower case, and their values."""
    model = _models.get(names)
    if model is None:
        if len(_models) >= _MOST_LAYOUTS:
            return Headers(dict(zip(names, values, strict=True)), "")
        model = _models[names] = values
    differs = tuple(map(ne, values, model))
    own = _END.join(compress(values, differs))
    if own.count(_END) != max(differs.count(True) - 1, 0):
        return Headers(dict(zip(names, values, strict=True)), "")
    return Headers(_layout(names, differs), own)


@lru_cache(maxsize=_MOST_LAYOUTS)
def _layout(names: tuple[str, ...], differs: tuple[bool, ...]) -> Layout:
    """Return the layout of responses that share the values of their model but where one ``differs``."""
    model = _models[names]
    layout: dict[str, str | int] = {}
    place = 0
    for name, value, is_own in zip(names, model, differs, strict=True):
        layout[name] = place if is_own else value
        place += is_own
    return layout
