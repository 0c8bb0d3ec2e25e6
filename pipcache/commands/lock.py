"""``lock``: the verified downloads of a selection as a lock, and what it lacks."""

import shlex
import sys
from typing import NamedTuple

from pipcache.commands.run_selection import selection_of, take_verified
from pipcache.errors import ExitCode
from pipcache.location.locate import CacheDirectory
from pipcache.offline.lock import (
    JSON,
    PYLOCK,
    REQUIREMENTS,
    SHA256SUMS,
    Lock,
    is_pylock_name,
    lock_of,
    lock_text,
    several_versions,
)
from pipcache.offline.output import check_output, is_plain, write_output
from pipcache.offline.selection import SelectionResult
from pipcache.offline.target import Target
from pipcache.query.selector import Selector
from pipcache.render.console import is_terminal, print_answer, say
from pipcache.render.json.lock import lock_document
from pipcache.render.json.writer import dump
from pipcache.render.text.lock import left_out_lines, missing_lines, several_lines, sum_line
from pipcache.render.text.notices import say_unmatched, say_unreadable
from pipcache.store.cache import Cache
from pipcache.util.progress import Track
from pipcache.util.units import counted
from pipcache.util.untrusted import clean


class LockRequest(NamedTuple):
    """What ``lock`` was asked for.

    Attributes:
        selectors: what is selected.
        needed_for: the lock and requirements files of ``--for``.
        form: the form of the lock.
        output: the file to write; None for standard output.
        target: for which Python and platform.
        latest: of each project the newest version alone.
        with_dependencies: also what the selection needs.
    """

    selectors: tuple[Selector, ...]
    needed_for: tuple[str, ...]
    form: str
    output: str | None
    target: Target
    latest: bool = False
    with_dependencies: bool = True


class LockAnswer(NamedTuple):
    """What was taken out of the cache, and the lock of it."""

    directory: CacheDirectory
    request: LockRequest
    result: SelectionResult
    lock: Lock

    @property
    def faulty(self) -> int:
        """The number of files that were left out for a fault."""
        return sum(left.why.is_shortcoming for left in self.lock.left_out)


def find(directory: CacheDirectory, request: LockRequest, track: Track) -> LockAnswer:
    """Read the cache, judge what is selected and what it needs, and make the lock.

    Raises:
        BadLock: a file of ``--for`` is no lock or requirements file.
        OutputRefused: the file must not be written.
        SeveralVersions: the form has no room for two versions of a project.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    if request.output is not None:
        check_output(request.output, directory.path, request.needed_for)
    selection = selection_of(request)._replace(
        all_fits=request.form in {SHA256SUMS, JSON},
        takes_built=request.form != PYLOCK,  # with the digests of one pip looks for none (26.3)
        with_times=request.form in {PYLOCK, JSON},
    )
    result = take_verified(Cache(directory.path), selection, request.target, track)
    return LockAnswer(directory, request, result, lock_of(result, request.form))


def write(answer: LockAnswer) -> None:
    """Write the lock, and say on standard error what was left out and what is missing.

    Raises:
        NotWritten: the file cannot be written.
    """
    request = answer.request
    if request.form == JSON:
        document = lock_document(answer.directory, request.target, answer.result, answer.lock.left_out)
        text = dump(document) + "\n"
    else:
        text = lock_text(answer.lock, request.form, request.target.name)
    if request.output is not None:
        write_output(request.output, text)
    elif text:
        print_answer(text.removesuffix("\n"))
        sys.stdout.flush()
    _say(answer)


def _say(answer: LockAnswer) -> None:
    """Say what does not stand in the lock, and how to install from it."""
    result, request = answer.result, answer.request
    if answer.directory.is_empty:
        return  # of an empty cache all is said
    for line in left_out_lines(answer.lock.left_out):
        say(clean(line))
    say_unreadable(result.unreadable)
    say_unmatched(answer.directory, result.unmatched)
    if result.links:
        say(f"{counted(result.links, 'link')} in the stores: what is behind is not looked at.")
    for line in missing_lines(result.missing):
        say(clean(line))
    several = several_versions(result.releases) if request.form == REQUIREMENTS else {}
    for line in several_lines(several):
        say(clean(line))
    files = answer.lock.files
    size, projects = sum(file.size for file in files), len({file.project for file in files})
    say(clean(sum_line(len(files), size, projects, request.target.name, answer.faulty, len(result.missing))))
    is_for_pip = request.form in {REQUIREMENTS, PYLOCK}
    if files and is_for_pip and not several and (request.output is not None or is_terminal(sys.stdout)):
        say(clean(_how_to_install(answer)))


def _how_to_install(answer: LockAnswer) -> str:
    """Return the command that installs from the lock, or why there is none."""
    output, form, target = answer.request.output, answer.request.form, answer.request.target
    if output is not None and is_plain(output) and is_pylock_name(output) != (form == PYLOCK):
        if form == PYLOCK:
            return "Note: installers take only the names pylock.toml and pylock.NAME.toml for a lock of this form."
        return "Note: installers take a file of this name for a lock of the form pylock, and refuse it."
    place = "FILE" if output is None or not is_plain(output) else shlex.quote(output)
    conditions = [
        "with an index for what is missing" if answer.result.missing else "without an index",
        *(["with pip 26.3"] if form == PYLOCK else []),
        *([] if target.is_here else [f"with {target.name}"]),
    ]
    return f"Install from the cache, {', '.join(conditions)}: pip{answer.directory.option} install -r {place}"


def exit_code(answer: LockAnswer, *, complete: bool) -> ExitCode:
    """Return the exit code; that something is missing comes before what was left out, where it counts."""
    if complete and answer.result.missing:
        return ExitCode.FINDINGS
    is_incomplete = answer.faulty or answer.result.unreadable or answer.result.links
    return ExitCode.FAILED if is_incomplete else ExitCode.OK
