"""Asks live indexes; the only package that may open a connection.

In come the artifacts of a cache and pip's settings for the network; out go questions (whom to ask about what), and
an answer to each. An index is asked about a project only where it knows already that this machine has it.
"""
