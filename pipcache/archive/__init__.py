"""Wheels and sdists as bytes: what they say of themselves, and whether they are whole.

In comes a ``Window`` on a ZIP file or a tar; out go metadata, members and flaws. Nothing is ever extracted, and
every read is bounded, for the bytes are a stranger's.
"""
