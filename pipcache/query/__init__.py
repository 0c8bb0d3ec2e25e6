"""What was asked for: selectors and filters, and the artifacts that they match.

In come the words of a command line and the inventory; out goes a selection. A selector is never a glob over
paths.
"""
