"""Readers of the caches that installers other than pip keep.

In: the directory of another installer. Out: its entries, for the same inventory as pip's.
Nothing here writes, follows a link, or trusts a path that a file names.
"""
