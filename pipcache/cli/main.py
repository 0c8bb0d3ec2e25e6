"""The run of a command line: errors become messages, documents and exit codes."""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from pipcache.cli.group import App, ClosedPipe, cli
from pipcache.cli.slips import Slip, as_typed
from pipcache.errors import ExitCode, Interrupted, NotWritten, PipcacheError
from pipcache.render.console import (
    is_answer_begun,
    prepare_streams,
    print_answer,
    say,
    styled,
    wants_colour,
)
from pipcache.util.untrusted import clean, redact_text

_KEPT: list[BaseException] = []
"""What ended the run: it holds all that was read, and to take that apart takes longer than a person waits."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code. Errors become messages here, and nowhere else."""
    prepare_streams()
    app = App(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(args=arguments, prog_name="pipcache", standalone_mode=False, obj=app)
    except Slip as slip:
        _tell(slip, sys.argv[1:] if arguments is None else arguments)
        return slip.exit_code
    except click.ClickException as error:
        _say_usage(error)
        return error.exit_code
    except PipcacheError as error:
        return _end(app, error)
    except (KeyboardInterrupt, click.Abort) as interruption:
        _KEPT.append(interruption)
        return _end(app, Interrupted())
    except ClosedPipe:
        return ExitCode.OK
    except SystemExit:  # click's end of a closed pipe, which would be 1
        return ExitCode.OK
    except OSError as error:
        # what cannot be read in the cache is part of the answer; this is the answer that cannot be written
        return _end(app, NotWritten(f"The answer cannot be written: {error.strerror}."))
    except Exception as error:  # noqa: BLE001 - 1 means a finding, so no other end of a run may have it
        return _end(app, unexpected(error))
    return code if isinstance(code, int) else ExitCode.OK


def _tell(slip: Slip, arguments: Sequence[str]) -> None:
    """Say what has no meaning on a command line, and give the line as it was meant; it is not run."""
    say(f"{styled('Error:', 'red', colour=wants_colour(sys.stderr))} {clean(slip.message)}")
    lines = [
        as_typed(whole) for line in slip.corrections(arguments) if (whole := _without_slips(line)) is not None
    ]
    shown = [line for line in dict.fromkeys(lines) if redact_text(line) == line]
    for line in shown:
        say(f"  {clean(line)}")
    if len(shown) < len(set(lines)):
        say("  The corrected command line is not shown: it holds a secret. Correct yours and run it again.")


def _without_slips(arguments: Sequence[str]) -> list[str] | None:
    """Return a command line with every slip in it corrected; None where it is wrong all the same."""
    line = list(arguments)
    for _ in range(_MOST_SLIPS):
        if not {"-h", "--help", "-V", "--version"}.isdisjoint(line):
            return line
        try:
            cli.main(args=line, prog_name="pipcache", standalone_mode=False, obj=App(is_trial=True))
        except Slip as slip:
            better = slip.corrections(line)
            if not better or better[0] == line:
                return None
            line = better[0]
        except click.ClickException:
            return None
        else:
            return line
    return None


_MOST_SLIPS = 9


_FOR_PROGRAMS = frozenset({"json", "jsonl", "sarif", "line"})
"""The forms in which an error is a document too."""


def _end(app: App, error: PipcacheError) -> int:
    """Tell why a run ended without its answer, to people and to programs, and return its exit code."""
    if (
        app.form in {"json", "jsonl", "sarif", "line"}
        and not isinstance(error, NotWritten)
        and not is_answer_begun()
    ):
        with suppress(OSError):  # the exit code says it too
            print_answer(_document(app, error))
            sys.stdout.flush()
    _explain(error)
    return error.exit_code


def _document(app: App, error: PipcacheError) -> str:
    """Return the document that stands in the place of the answer."""
    from pipcache.render.json.failure import ErrorRecord, failure_document
    from pipcache.render.json.writer import dump, line_of

    if app.form == "sarif":
        from pipcache.render.sarif import sarif_failure

        return dump(sarif_failure(app.command, error.kind.value, error.message, int(error.exit_code), app.run))
    if app.form == "line":
        from pipcache.render.line import failure_line

        return failure_line(error.message, app.run)
    # a URL that was typed in the place of a path may hold a password, and no file is there to be found
    is_url = error.path is not None and "://" in error.path
    record: ErrorRecord = {
        "kind": error.kind.value,
        "message": error.message,
        "path": redact_text(error.path) if error.path is not None and is_url else error.path,
        "hint": error.hint,
        "commands": list(error.commands),
    }
    document = failure_document(app.command, app.cache, record, app.run if app.says_run else None)
    return line_of(document) if app.form == "jsonl" else dump(document)


def _say_usage(error: click.ClickException) -> None:
    """Print what click says about a command line; it repeats what was typed, and so may hold a secret."""
    message = io.StringIO()
    error.show(message)
    say("\n".join(map(clean, message.getvalue().split("\n"))), end="")


def unexpected(error: Exception) -> PipcacheError:
    """Return the error that ends a run which met an exception that nobody expected.

    With ``PIPCACHE_DEBUG`` in the environment the traceback is written too.
    """
    if isinstance(error, MemoryError):
        return PipcacheError(
            "There is not enough memory.", hint="Give it more, or take fewer entries at once with a SELECTOR."
        )
    if os.environ.get("PIPCACHE_DEBUG"):
        import traceback  # only for this; every start would pay for it

        for line in "".join(traceback.format_exception(error)).splitlines():
            say(clean(line))
        hint = "Please report it, with what is above."
    else:
        hint = "Please report it, with what PIPCACHE_DEBUG=1 in the environment shows."
    # the text of the exception may hold anything, secrets too
    where = type(error).__name__
    trace = error.__traceback__
    while trace is not None:
        file = os.path.basename(trace.tb_frame.f_code.co_filename)
        where = f"{type(error).__name__} in {file}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return PipcacheError(f"Something unexpected ended the run: {where}.", hint=hint)


def _explain(error: PipcacheError) -> None:
    colour = wants_colour(sys.stderr)
    label = styled("Error:", "red", colour=colour) + " " if error.is_fault else ""
    say(label + clean(error.message))
    if error.path is not None and not error.names_path:
        say(f"  {clean(error.path)}")
    if error.hint is not None:
        say(f"  {clean(error.hint)}")
    for command in error.commands:
        say(f"    {clean(command)}")
