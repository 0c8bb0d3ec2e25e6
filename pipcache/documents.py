"""JSON of strangers: decoded under limits, and never an error."""

_MOST_PARTS = 1_500_000
"""Commas, lists and maps of a document; PyPI's largest page has a third of it. Each is an object in memory."""


def decode_json(data: bytes) -> object:
    """Return what a JSON document holds; None when it is none, or larger in memory than any real one."""
    import json  # noqa: PLC0415 - a plain list has no use for it

    if len(data) > _MOST_PARTS and (
        data.count(b",") > _MOST_PARTS or data.count(b"[") + data.count(b"{") > _MOST_PARTS
    ):
        return None
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document
