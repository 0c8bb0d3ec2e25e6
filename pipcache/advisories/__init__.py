"""Advisories that a user gives: what is bad, by name and version, by digest or by URL.

Input: paths of files and directories, or standard input. Output: indicators. A file that is not understood is
refused as a whole, and the error names the record and the key, or the line: a responder has to know that nothing
was skipped.
"""
