"""The run of a command line: errors become messages and exit codes."""

import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from pipcache.cli.group import ClosedPipe, cli
from pipcache.errors import ExitCode, PipcacheError
from pipcache.render.console import prepare_streams, say, styled, wants_colour
from pipcache.util.untrusted import clean


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code. Errors become messages here, and nowhere else."""
    prepare_streams()
    try:
        code = cli.main(args=arguments, prog_name="pipcache", standalone_mode=False)
    except click.ClickException as error:
        with suppress(OSError):  # the exit code says it too
            error.show()
        return error.exit_code
    except PipcacheError as error:
        _explain(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("Interrupted.")
        return ExitCode.INTERRUPTED
    except ClosedPipe:
        return ExitCode.OK
    except OSError as error:
        # what cannot be read in the cache is part of the answer; this is the answer that cannot be written
        _explain(PipcacheError(f"The answer cannot be written: {error.strerror}."))
        return ExitCode.FAILED
    return code if isinstance(code, int) else ExitCode.OK


def _explain(error: PipcacheError) -> None:
    colour = wants_colour(sys.stderr)
    label = styled("Error:", "red", colour=colour) + " " if error.is_fault else ""
    say(label + clean(error.message))
    if error.path is not None:
        say(f"  {clean(error.path)}")
    if error.hint is not None:
        say(f"  {clean(error.hint)}")
