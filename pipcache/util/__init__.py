"""Tools that know no cache: files, hashes, compression, names, versions, URLs, text, units, progress.

In come paths, bytes and text; out go values. Nothing here knows pip's directory, and nothing here writes.
"""
