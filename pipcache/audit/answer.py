"""What a run says of what it looked for, in a word."""

from enum import StrEnum


class Answer(StrEnum):
    """What a run says of what it looked for: it is not there, it is there, or that could not be judged."""

    CLEAN = "clean"
    FOUND = "found"
    UNKNOWN = "unknown"
