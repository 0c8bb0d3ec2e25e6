"""``python -m pipcache`` and the ``pipcache`` command: start-up and the way out, kept short for scripts."""

import _signal  # type: ignore[import-not-found]  # signal imports more, and an interruption may hit that
import gc
import os
import sys

from pipcache import __version__

TYPE_CHECKING = False  # typing takes milliseconds, as above
if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType
    from typing import NoReturn

_INTERRUPTED = 130


def main() -> int:
    """Run the program on ``sys.argv`` and end the process with its exit code."""
    try:
        _watch_interrupts()
        if sys.argv[1:] in (["--version"], ["-V"]):
            # a script that asks for the version should not wait for the command line parser
            return _say_version()
        gc.disable()  # a run is short and makes no cycles worth looking for
        from pipcache.cli.main import run

        code = run()
    except KeyboardInterrupt:  # before or after what handles it
        _end_interrupted()
    except Exception as error:  # noqa: BLE001 - a module that cannot be loaded; 1 would mean a finding
        _end_unloaded(error)
    # taking thousands of objects apart one by one at the end would be a tenth of a quick answer
    os._exit(code)


def _watch_interrupts() -> None:
    """Let a SIGINT end the process at once where what it raises may be lost: in imports, and in finalizers."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # a job in the background ignores it
        _signal.signal(_signal.SIGINT, _interrupt)
        sys.unraisablehook = _end_if_interrupted


def _interrupt(_number: int, frame: "FrameType | None") -> None:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            _end_interrupted()
        frame = frame.f_back
    raise KeyboardInterrupt


def _end_if_interrupted(lost: "UnraisableHookArgs") -> None:
    """End the process where Python goes on: an interruption came in a finalizer, or a callback of a reference."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        _end_interrupted()
    sys.__unraisablehook__(lost)


def _end_interrupted() -> "NoReturn":
    try:
        os.write(2, b"Interrupted.\n")
    finally:
        os._exit(_INTERRUPTED)


def _end_unloaded(error: Exception) -> "NoReturn":
    what = f" ({error.name})" if isinstance(error, ImportError) and error.name else ""
    sentence = (
        f"Error: pipcache cannot be loaded: {type(error).__name__}{what}.\n"
        "  Install it again, or give it more memory and open files.\n"
    )
    try:
        os.write(2, sentence.encode(errors="backslashreplace"))
    finally:
        os._exit(3)


def _say_version() -> int:
    try:
        sys.stdout.write(f"pipcache {__version__}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(0)  # whoever reads it has what it wanted
    except (OSError, AttributeError):  # a full disk, a closed stream
        os._exit(3)
    return 0


if __name__ == "__main__":
    main()
