"""Lock and requirements files that a user gives: which files and digests they pin.

In come paths; out go pins. A file that is not understood is refused with a ``LockError`` that names the place.
"""
