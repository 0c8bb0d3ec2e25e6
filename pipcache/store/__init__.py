"""The files that pip keeps, not yet named: stores, entries, heads, bodies and keys.

In comes the cache directory; out go entries and stored responses. No link is followed, no file is written, and
one entry that cannot be read is a value, not an error.
"""
