"""``python -m pipcache`` and the ``pipcache`` command: start-up and the way out, kept short for scripts."""

import gc
import os
import sys

from pipcache import __version__


def main() -> int:
    """Run the program on ``sys.argv`` and end the process with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # a script that asks for the version should not wait for the command line parser
        sys.stdout.write(f"pipcache {__version__}\n")
        return 0
    gc.disable()  # a run is short and makes no cycles worth looking for
    try:
        from pipcache.cli.main import run

        code = run()
    except KeyboardInterrupt:  # before or after what handles it
        sys.stderr.write("Interrupted.\n")
        code = 130
    # taking thousands of objects apart one by one at the end would be a tenth of a quick answer
    os._exit(code)


if __name__ == "__main__":
    main()
