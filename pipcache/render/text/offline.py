"""What ``offline`` says besides the command itself."""


def serving_line(root: str, index_url: str) -> str:
    """Return which cache is served where."""
    return f"Serving {root} at {index_url} while the command runs."


def not_started_line(command: str, why: str) -> str:
    """Return why a command could not be started, and what to do."""
    return f"Error: {command!r} could not be started: {why}. Write the command as in a shell, after --."
