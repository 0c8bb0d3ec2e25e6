"""``export``: the verified files of a selection, written into a folder as a package index."""

from pathlib import Path
from typing import NamedTuple

from pipcache.commands.run_selection import selection_of, take_verified
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import Kind
from pipcache.location.locate import CacheDirectory
from pipcache.offline.export import Export, ExportRequest, export
from pipcache.offline.export_folder import SIMPLE, check_folder
from pipcache.offline.export_writer import How, Link
from pipcache.offline.selection import SelectionResult
from pipcache.offline.supply import LeftOut, Terms
from pipcache.offline.target import Target
from pipcache.query.selector import Selector
from pipcache.render.console import print_answer, say
from pipcache.render.json.export import export_document
from pipcache.render.json.writer import dump
from pipcache.render.text.export import copied_line, note_lines, refused_lines, sum_line
from pipcache.render.text.lock import left_out_lines, missing_lines
from pipcache.render.text.notices import say_unmatched, say_unreadable
from pipcache.store.cache import Cache
from pipcache.util.progress import Track
from pipcache.util.units import counted
from pipcache.util.untrusted import clean


class ExportCommandRequest(NamedTuple):
    """What ``export`` was asked for.

    Attributes:
        folder: the folder to export into.
        selectors: what is selected.
        needed_for: the lock and requirements files of ``--for``.
        target: for which Python and platform what is needed is looked for.
        kinds: only these kinds of files; empty for all.
        built: wheels that pip built, too.
        unverified: downloads that are only intact, too.
        latest: of each project the newest version alone.
        with_dependencies: also what the selection needs.
        link: how files come into the folder.
        is_dry: write nothing.
    """

    folder: str
    selectors: tuple[Selector, ...]
    needed_for: tuple[str, ...]
    target: Target
    kinds: frozenset[Kind] = frozenset()
    built: bool = True
    unverified: bool = False
    latest: bool = False
    with_dependencies: bool = True
    link: Link = Link.AUTO
    is_dry: bool = False


class ExportAnswer(NamedTuple):
    """What was taken out of the cache, and what was exported of it; ``folder`` is the real path."""

    directory: CacheDirectory
    request: ExportCommandRequest
    folder: str
    result: SelectionResult
    export: Export

    @property
    def left_out(self) -> list[LeftOut]:
        """What was selected and not exported."""
        return [*self.result.left_out, *self.export.left_out]

    @property
    def faulty(self) -> int:
        """The number of files that were left out for a fault."""
        return sum(left.why.is_shortcoming for left in self.left_out)


def run(directory: CacheDirectory, request: ExportCommandRequest, track: Track) -> ExportAnswer:
    """Read the cache, judge what is selected and what it needs, and export it.

    Raises:
        BadLock: a file of ``--for`` is no lock or requirements file.
        OutputRefused: the folder must not be written.
        NotWritten: the folder cannot be written; what is complete stays.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    folder = check_folder(request.folder, directory.path)
    selection = selection_of(request)._replace(
        all_fits=True,
        takes_built=False,
        with_times=True,
        terms=Terms(by_url=False, built=request.built, unverified=request.unverified, kinds=request.kinds),
    )
    cache = Cache(directory.path)
    result = take_verified(cache, selection, request.target, track)
    wanted = ExportRequest(folder, request.link, request.is_dry, _say_waiting, track)
    return ExportAnswer(directory, request, folder, result, export(result, cache, wanted))


def _say_waiting() -> None:
    say("Waiting for another run that exports into this folder.")


def print_table(answer: ExportAnswer) -> None:
    """Print what was exported, and say on standard error what was not, and how to install from it."""
    request, exported = answer.request, answer.export
    _narrate(answer)
    missing = len(answer.result.missing)
    print_answer(clean(sum_line(exported, request.folder, answer.faulty, missing, is_dry=request.is_dry)))
    if exported.files and not request.is_dry:
        index = Path(answer.folder, SIMPLE).as_uri()
        say(f"Install from it, without a network: pip install --index-url {clean(index)} NAME")


def print_json(answer: ExportAnswer) -> None:
    """Print the answer for programs, and say the same on standard error as beside the table."""
    request = answer.request
    _narrate(answer)
    document = export_document(
        answer.directory,
        request.target,
        answer.result,
        answer.export,
        answer.left_out,
        folder=answer.folder,
        is_dry=request.is_dry,
    )
    print_answer(dump(document))


def _narrate(answer: ExportAnswer) -> None:
    """Say on standard error what was not exported; of an empty cache all is said."""
    if answer.directory.is_empty and not answer.request.needed_for:
        return
    for line in _narration(answer):
        say(clean(line))
    say_unreadable(answer.result.unreadable)
    say_unmatched(answer.directory, answer.result.unmatched)


def _narration(answer: ExportAnswer) -> list[str]:
    """Return what was left out, refused and missing, a line each."""
    result, exported = answer.result, answer.export
    lines = [*left_out_lines(answer.left_out), *refused_lines(exported.refused), *note_lines(exported.files)]
    if result.links:
        lines.append(f"{counted(result.links, 'link')} in the stores: what is behind is not looked at.")
    lines += missing_lines(result.missing)
    wanted = {Link.HARD: How.LINK, Link.REFLINK: How.REFLINK}.get(answer.request.link, How.COPY)
    copied = "" if answer.request.is_dry else copied_line(exported.files, wanted)
    return [*lines, copied] if copied else lines


def exit_code(answer: ExportAnswer, *, complete: bool) -> ExitCode:
    """Return the exit code; that something is missing comes before what was left out, where it counts.

    It counts for ``--for``, and with ``complete``.
    """
    if (complete or answer.request.needed_for) and answer.result.missing:
        return ExitCode.FINDINGS
    result = answer.result
    is_incomplete = answer.faulty or answer.export.refused or result.unreadable or result.links
    return ExitCode.FAILED if is_incomplete else ExitCode.OK
