"""What people read: a module for each command, named as the command is, and the tables they share.

In come values; out go lines for the terminal. A size, an age or a name is shown in one way everywhere.
"""
