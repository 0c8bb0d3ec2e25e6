"""A function for each command: request in, answer out, from the domain packages to the renderers.

In comes a request made of values; out go an answer and its exit code. Nothing here knows the command line.
"""
