"""Takes the answers of all indexes about a pin together: the lock may be of any of them."""

from collections.abc import Sequence

from pipcache.live.answers import Failed
from pipcache.live.pinned import ComparedPin, Listing
from pipcache.live.refresh import Result
from pipcache.locks.model import Pin


def with_settled_pins(results: Sequence[Result]) -> list[Result]:
    """Return the results with the pins as all answers together show them.

    What one index lists as the lock has it is neither replaced nor gone because another index does not. Whether a
    file is on no page is not known while an index has not answered.
    """
    unanswered = {result.question.project for result in results if isinstance(result.answer, Failed)}
    by_pin: dict[Pin, list[tuple[Result, ComparedPin]]] = {}
    for result in results:
        for pin in result.pins:
            by_pin.setdefault(pin.pin, []).append((result, pin))
    seen: set[tuple[Pin, str | None, str]] = set()
    settled: list[Result] = []
    for result in results:
        kept: list[ComparedPin] = []
        for pin in result.pins:
            others = [
                each.listing for other, each in by_pin[pin.pin] if other is not result and _is_same(each, pin)
            ]
            if _is_answered(pin.listing, others):
                continue
            if pin.listing is Listing.ON_NO_PAGE and result.question.project in unanswered:
                pin = pin._replace(listing=Listing.UNKNOWN, finding=None)  # noqa: PLW2901
            # what is on no page is said once, and the rest once for each index: the cache may have two pages of it
            index = result.question.index if pin.listing not in _MISSING else ""
            if (pin.pin, pin.filename, index) not in seen:
                seen.add((pin.pin, pin.filename, index))
                kept.append(pin)
        settled.append(result._replace(pins=tuple(kept)))
    return settled


_MISSING = frozenset({Listing.ON_NO_PAGE, Listing.UNKNOWN})


def _is_same(pin: ComparedPin, other: ComparedPin) -> bool:
    return None in {pin.filename, other.filename} or pin.filename == other.filename


def _is_answered(listing: Listing, others: Sequence[Listing]) -> bool:
    """Return whether other indexes say more of a pin than this one."""
    if listing is Listing.LISTED:
        return False
    return Listing.LISTED in others or (listing in _MISSING and any(other not in _MISSING for other in others))
