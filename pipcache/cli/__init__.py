"""The command line: options to requests, answers to exit codes.

In come words; out goes a run of ``commands``. A command's module has its name and is loaded when it is called.
"""
