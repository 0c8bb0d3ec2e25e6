"""Every entry named, each name with its evidence: the cache as a list of artifacts.

In comes a scanned cache; out go artifacts. Names are inferred from heads, contents and cached index pages, and
proved by the key where that is possible; ``None`` means that it cannot be known.
"""
