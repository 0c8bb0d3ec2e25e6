"""``python -m pipcache`` and the ``pipcache`` command: start-up."""

import os
import sys

from pipcache import __version__


def main() -> int:
    """Run the program on ``sys.argv`` and return its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # a script that asks for the version should not wait for the command line parser
        sys.stdout.write(f"pipcache {__version__}\n")
        return 0
    from pipcache.cli import run  # noqa: PLC0415

    try:
        return run()
    except BrokenPipeError:
        # the reader has what it wanted (| head -1); nothing may be flushed into its pipe at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
