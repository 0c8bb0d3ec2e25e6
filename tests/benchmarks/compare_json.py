"""Two versions of pipcache on the same caches: the same commands, and whether both give the same answers.

    python -m tests.benchmarks.compare_json OLD_PYTHON NEW_PYTHON CACHE... [--text] [--show-text] [--together]

OLD_PYTHON and NEW_PYTHON are the interpreters of two virtual environments with pipcache installed. Every command
runs in both, and the exit status and the parsed JSON must be equal. The words of a sentence may differ: these
are counted. What is removed is only planned (`--dry-run`); after each command the files of the cache must have
the sizes, the times and the last use they had before.

Three things make answers unsteady, and each has its remedy:

- A plan depends on the time of the run. `--older-than` gets an age that is far from the age of any entry. Do not
  compare a cache that pip wrote to in the last ten minutes: its entries count as being written.
- Text has ages ("3d") that grow, and the order of some lists is that of a set, which depends on the hash seed of
  the process. Both versions run with the seed 0; when their answers differ, the old version runs again with a few
  other seeds, and any of its answers will do.
- Reading moves the last use of a file. pipcache opens files so that it does not; the comparison holds it to that.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.benchmarks.compare_commands import (
    Command,
    all_commands,
    help_commands,
    place_commands,
)
from tests.benchmarks.compare_inputs import Cache
from tests.benchmarks.measure import plain_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from concurrent.futures import Executor

FREE_TEXT = {"json": {"sentence", "effect", "why", "notes", "problem", "detail"}, "sarif": {"text"}}
"""The keys whose values are sentences for people, for each format that is JSON."""
OTHER_SEEDS = range(1, 5)
"""Hash seeds for further runs of the old version."""
TEXT_FORMS = {"audit": ("text", "markdown"), "prune": ("text", "github")}
SHOWN = 10
"""How many differences of one command are printed."""


class Answer(NamedTuple):
    """What one run of one command answered."""

    status: int
    out: str
    err: str


class Difference(NamedTuple):
    """A place in a document where two answers differ; ``is_text`` where only words of a sentence do."""

    place: str
    old: object
    new: object
    is_text: bool = False

    @property
    def key(self) -> str:
        """The key of the value, without the number of a list's element."""
        return self.place.rpartition(".")[2].partition("[")[0]

    def __str__(self) -> str:
        return f"{self.place}: {_short(self.old)} -> {_short(self.new)}"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, str)) else repr(value)
    return text if len(text) <= 160 else text[:157] + "..."


class _Missing:
    def __repr__(self) -> str:
        return "(absent)"


_MISSING = _Missing()


def differences(
    old: object, new: object, free_text: set[str], place: str = "", *, is_text: bool = False
) -> Iterator[Difference]:
    """Yield every difference of two JSON documents, with its place in them.

    A sentence differs in its words only where both documents have a text there; a text instead of null, or another
    number of notes, is a difference like any other.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(
                old.get(key, _MISSING),
                new.get(key, _MISSING),
                free_text,
                f"{place}.{key}",
                is_text=key in free_text,
            )
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield Difference(f"{place}.length", len(old), len(new))
        for number, (element, other) in enumerate(zip(old, new, strict=False)):
            yield from differences(element, other, free_text, f"{place}[{number}]", is_text=is_text)
    elif old != new or type(old) is not type(new):
        yield Difference(place, old, new, is_text=is_text and isinstance(old, str) and isinstance(new, str))


class Runner:
    """The two programs, in one environment that holds nothing of the machine's own settings."""

    def __init__(self, old: str, new: str, folder: Path) -> None:
        self.pythons = {"old": old, "new": new}
        self._folder = folder
        self._home = folder / "home"
        (self._home / ".cache").mkdir(parents=True)
        kept = {
            name: value
            for name, value in plain_environment().items()
            if not name.startswith(("PIPCACHE_", "GITHUB_", "XDG_", "CLICOLOR", "FORCE_COLOR", "LC_"))
        }
        self._environment = {
            **kept,
            "HOME": os.fspath(self._home),
            "VIRTUAL_ENV": os.fspath(folder / "venv"),  # else `dir --explain` names each interpreter's own
            "NO_COLOR": "1",
            "COLUMNS": "120",
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
        }

    def make_default(self, cache: Path) -> None:
        """Let ``cache`` be what pipcache finds where nothing names a directory."""
        link = self._home / ".cache" / "pip"
        link.unlink(missing_ok=True)
        link.symlink_to(cache)

    def run(self, which: str, command: Command, cache: Path, seed: int = 0) -> Answer:
        """Run a command with one of the two programs."""
        name = command.words[0]
        assert name not in {"remove", "clear", "prune"} or {"--dry-run", "-n", "--help"} & {*command.words}, (
            command
        )
        done = subprocess.run(
            [self.pythons[which], "-m", "pipcache", *command.line(cache)],
            cwd=self._folder,  # a checkout there would be imported instead of what is installed
            env={**self._environment, "PYTHONHASHSEED": str(seed), **command.environment},
            input=command.stdin.encode(),
            capture_output=True,
            check=False,
        )
        return Answer(
            done.returncode, done.stdout.decode(errors="surrogateescape"), done.stderr.decode(errors="replace")
        )

    def version(self, which: str) -> str:
        """Return the version of a program, and the folder it is imported from."""
        code = "import pipcache; print(pipcache.__version__, pipcache.__path__[0])"
        command = [self.pythons[which], "-c", code]
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


class Comparison:
    """The commands compared so far, and what differed."""

    def __init__(
        self, runner: Runner, only: set[str], together: Executor | None, *, with_text: bool, quiet: bool
    ) -> None:
        self.runner = runner
        self.commands = self.different = 0
        self.texts: Counter[tuple[str, str, str]] = Counter()
        self.with_text = with_text
        self._only, self._together, self._quiet = only, together, quiet

    def compare(self, cache: Path, commands: Iterable[Command]) -> None:
        """Run the commands on one cache and print one line for each."""
        everything = [command for command in commands if not self._only or command.words[0] in self._only]
        before = _snapshot(cache)
        for command in everything:
            for form in self._forms(command):
                before = self._compare(cache, command._replace(form=form), before)

    def _forms(self, command: Command) -> Iterator[str]:
        yield command.form
        if self.with_text and command.form == "json":
            yield from TEXT_FORMS.get(command.words[0], ("text",))

    def _compare(self, cache: Path, command: Command, before: Mapping[str, object]) -> Mapping[str, object]:
        """Run a command in both versions and report; return the cache's files as they are afterwards."""
        old, new = self._answers(cache, command)
        after = _snapshot(cache)
        lines = []
        if after != before:
            changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
            lines.append(f"{len(changed)} files of the cache changed: {', '.join(changed[:SHOWN])}")
        if "Traceback (most recent call last)" in new.err:
            lines.append("the new version ends with a traceback: " + new.err.strip().splitlines()[-1])
        mismatches = _differences(command.form, old, new)
        remark = ""
        if any(not difference.is_text for difference in mismatches):
            for seed in OTHER_SEEDS:
                second = _differences(command.form, self.runner.run("old", command, cache, seed), new)
                if all(difference.is_text for difference in second):
                    mismatches, remark = second, "the old version varies"
                    break
        lines += [str(difference) for difference in mismatches if not difference.is_text]
        sentences = [difference for difference in mismatches if difference.is_text]
        self.texts.update((difference.key, str(difference.old), str(difference.new)) for difference in sentences)
        remarks = [f"{len(sentences)} texts differ"] if sentences else []
        self._report(command, new.status, lines, [*remarks, *filter(None, [remark])])
        return after

    def _answers(self, cache: Path, command: Command) -> list[Answer]:
        if self._together is None:
            return [self.runner.run(which, command, cache) for which in self.runner.pythons]
        return list(self._together.map(lambda which: self.runner.run(which, command, cache), self.runner.pythons))

    def _report(self, command: Command, status: int, lines: list[str], remarks: list[str]) -> None:
        self.commands += 1
        self.different += bool(lines)
        if lines or not self._quiet:
            suffix = f"  ({', '.join(remarks)})" if remarks else ""
            print(f"{'DIFFERENT' if lines else 'same     '} {status} {str(command)[:160]}{suffix}", flush=True)
        for line in lines[:SHOWN]:
            print(f"    {line}")
        if len(lines) > SHOWN:
            print(f"    and {len(lines) - SHOWN} more")


def _differences(form: str, old: Answer, new: Answer) -> list[Difference]:
    """Return what differs in two answers; what a command that answers in JSON says beside it is not compared."""
    status = [Difference("exit status", old.status, new.status)] if old.status != new.status else []
    if form == "paths":
        return [*status, *_of_lines("out", old.out, new.out)]
    if form not in FREE_TEXT:
        return [*status, *_of_lines("out", old.out, new.out), *_of_lines("err", old.err, new.err)]
    try:
        return [*status, *differences(json.loads(old.out), json.loads(new.out), FREE_TEXT[form])]
    except ValueError:  # no answer, as after a mistake on the command line
        return [*status, *_of_lines("out", old.out, new.out)]


def _of_lines(stream: str, old: str, new: str) -> Iterator[Difference]:
    end = "\0" if "\0" in old else "\n"
    pairs = zip_longest(old.split(end), new.split(end), fillvalue=_MISSING)
    for number, (line, other) in enumerate(pairs, 1):
        if line != other:
            yield Difference(f"{stream}, line {number}", line, other)


def _snapshot(root: Path) -> Mapping[str, object]:
    """Return sizes and times of what lies below ``root``; the last use only of files: a walk moves a folder's."""
    states: dict[str, object] = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            used = status.st_atime_ns if S_ISREG(status.st_mode) else None
            states[os.path.relpath(path, root)] = (status.st_mode, status.st_size, status.st_mtime_ns, used)
    return states


def _read(runner: Runner, cache: Path, *words: str) -> list[dict[str, Any]]:  # Any: artifacts as JSON has them
    answer = runner.run("old", Command(words), cache)
    if not answer.out:
        raise SystemExit(f"{' '.join(words)} gives no answer: {answer.err}")
    artifacts: list[dict[str, Any]] = json.loads(answer.out)["artifacts"]
    return artifacts


def main() -> int:
    """Print one line for each command, with its exit status; 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", metavar="OLD_PYTHON", help="the interpreter with the version to compare with")
    parser.add_argument("new", metavar="NEW_PYTHON", help="the interpreter with the version to judge")
    parser.add_argument("caches", metavar="CACHE", type=Path, nargs="+", help="a cache directory; it is only read")
    parser.add_argument("--text", action="store_true", help="compare what people read as well, word for word")
    parser.add_argument("--show-text", action="store_true", help="print the sentences in JSON that differ")
    parser.add_argument(
        "--together", action="store_true", help="run both versions at the same time, for two cores"
    )
    parser.add_argument("--only", action="append", default=[], help="only this command (list, verify); repeatable")
    parser.add_argument("--quiet", action="store_true", help="print only commands that differ")
    options = parser.parse_args()
    start = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pipcache-compare-"))).resolve()
        # not resolved: the interpreter of a virtual environment is a link to another one
        runner = Runner(os.path.abspath(options.old), os.path.abspath(options.new), folder)
        for which in runner.pythons:
            print(f"{which}: {runner.version(which)}")
        together = stack.enter_context(ThreadPoolExecutor(2)) if options.together else None
        comparison = Comparison(runner, {*options.only}, together, with_text=options.text, quiet=options.quiet)
        for number, cache in enumerate(path.resolve(strict=True) for path in options.caches):
            _compare_cache(comparison, cache, folder / f"cache-{number}")
        _compare_places(comparison, folder)
    _print_texts(comparison, show=options.show_text)
    seconds = time.monotonic() - start
    print(f"{comparison.commands} commands, {comparison.different} different, {seconds:.0f} s")
    return int(comparison.different > 0)


def _compare_cache(comparison: Comparison, path: Path, folder: Path) -> None:
    folder.mkdir()
    _snapshot(path)  # walking a folder moves its own last use, which the answers have: once, before they are asked
    comparison.runner.make_default(path)
    cache = Cache(
        path, _read(comparison.runner, path, "list", "--all"), _read(comparison.runner, path, "show", "*")
    )
    print(f"\n{path}: {len(cache.artifacts)} artifacts")
    comparison.compare(path, all_commands(cache, folder))


def _compare_places(comparison: Comparison, folder: Path) -> None:
    places = {name: folder / name for name in ("empty", "missing", "foreign")}
    places["empty"].mkdir()
    places["foreign"].mkdir()
    (places["foreign"] / "thesis.txt").write_text("not pip's\n", encoding="utf-8")
    for name, place in places.items():
        print(f"\n{name} directory")
        comparison.compare(place, place_commands())
    if comparison.with_text:
        print("\nhelp")
        comparison.compare(places["empty"], help_commands())


def _print_texts(comparison: Comparison, *, show: bool) -> None:
    by_key: Counter[str] = Counter()
    for (key, _, _), count in comparison.texts.items():
        by_key[key] += count
    summary = ", ".join(f"{key} {count}" for key, count in sorted(by_key.items()))
    print(f"\n{by_key.total()} free texts differ{': ' + summary if summary else ''}")
    if show:
        for (key, old, new), count in sorted(comparison.texts.items()):
            print(f"  {key} ({count} times)\n    old: {old}\n    new: {new}")


if __name__ == "__main__":
    sys.exit(main())
