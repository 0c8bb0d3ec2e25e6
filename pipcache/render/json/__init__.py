"""What programs read: a module for each command, named as the command is, and the records they share.

In come values; out go documents of schema 1. Bytes are integers and times are ISO 8601 in UTC; keys are added,
never renamed.
"""
