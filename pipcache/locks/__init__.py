"""Lock and requirements files that a user gives: which files and digests they pin.

Input: the path of a file. Output: pins. A file that is not understood is refused with a ``LockError``
that names the place.
"""
