"""An index page (PEP 503, PEP 691) as bytes: its files, its links, the project it is about.

In comes the body of a response; out go rows and URLs. The bytes are a stranger's: every answer is a value or
None.
"""
