"""The words that a misspelt word resembles."""

from collections.abc import Iterable

_CLOSE = 0.7
"""The least likeness of two words, as difflib measures it: 1 for equal words, 0 without a common letter."""


def nearest_words(word: str, words: Iterable[str], most: int) -> list[str]:
    """Return which of ``words`` a word begins, or resembles, the likeliest first; at most ``most``."""
    import difflib  # for slips alone

    known = list(words)
    begun = [each for each in known if len(word) > 1 and each.startswith(word)]
    if len(begun) > most:
        begun = []
    close = difflib.get_close_matches(word, known, n=most, cutoff=_CLOSE)
    return list(dict.fromkeys([*begun, *close]))[:most]
