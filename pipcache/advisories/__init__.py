"""Advisories that a user gives: what is bad, by name and version, by digest or by URL.

In come paths of files and directories; out go indicators. A file that is not understood is refused, and the
error names the record: a responder has to know that nothing was skipped.
"""
