"""The commands that `compare_json` runs on a cache."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.compare_inputs import (
    SELECTORS,
    Cache,
    Record,
    all_of,
    write_advisories,
    write_locks,
)

KINDS = ("wheel", "sdist", "built", "metadata", "page", "other", "unknown")
STORES = ("http-v2", "http", "wheels", "selfcheck", "stray")
COMMANDS = ("list", "show", "info", "dir", "verify", "audit", "remove", "clear", "prune")
WRONG_SELECTORS = ("", "a b c", "==1.0", "six==", "sha256:12", "https://", "six[", "six; python_version>'3'")


class Command(NamedTuple):
    """One command line, without the interpreter, the cache directory and the format.

    ``form`` is the value of ``--format``; "text" leaves the option out. The cache directory is given with
    ``--cache-dir``, except where ``environment`` or ``is_located`` says that pipcache finds it by itself.
    """

    words: tuple[str, ...]
    form: str = "json"
    stdin: str = ""
    environment: Mapping[str, str] = {}
    is_located: bool = False

    def line(self, cache: Path) -> list[str]:
        """Return the arguments of ``pipcache``."""
        name, *rest = self.words
        place = [] if self.environment or self.is_located else ["--cache-dir", os.fspath(cache)]
        form = [] if self.form == "text" else ["--format", self.form]
        return [name, *place, *form, *rest]

    def __str__(self) -> str:
        variables = [f"{name}={os.path.basename(value)}" for name, value in self.environment.items()]
        form = [] if self.form == "json" else [f"({self.form})"]
        words = [os.path.basename(word) if os.path.isabs(word) else word for word in self.words]
        return " ".join([*variables, *words, *form])


def all_commands(cache: Cache, folder: Path) -> Iterator[Command]:
    """Yield every command for one cache; the files they read are written to ``folder``."""
    samples = samples_of(cache.shown)
    locks, advisories = write_locks(cache.shown, folder), write_advisories(cache, folder)
    yield from _looking(cache, samples, folder)
    yield from _verifying(samples, locks)
    yield from _auditing(cache, samples, advisories)
    yield from _removing(cache, samples, locks, advisories, folder)
    yield from _clearing()
    yield from _pruning(cache, samples, locks)


def place_commands() -> Iterator[Command]:
    """Yield commands for a directory that is empty, missing, or no cache of pip's."""
    for words in (
        *(("list",), ("list", "--all"), ("list", "six"), ("show", "six"), ("info",), ("dir",)),
        *(
            ("verify",),
            ("verify", "six"),
            ("audit", "six"),
            ("remove", "six", "-n"),
            ("remove", "--damaged", "-n"),
        ),
        *(("clear", "-n"), ("prune", "-n"), ("prune", "--max-size", "1MB", "-n"), ("prune", "--ci", "-n")),
    ):
        yield Command(words)
    yield Command(("list",), "paths")
    yield Command(("audit", "six"), "sarif")


def help_commands() -> Iterator[Command]:
    """Yield the commands that answer with text alone, whatever the cache."""
    yield Command(("--version",), "text", is_located=True)
    yield Command(("--help",), "text", is_located=True)
    for name in COMMANDS:
        yield Command((name, "--help"), "text", is_located=True)
    yield Command(("verify", "--explain"), "text")
    yield Command(("verify", "--explain", "PC2,PC401"), "text")


def samples_of(shown: Iterable[Record]) -> list[Record]:
    """Return the first and the last artifact of each kind, store and verdict."""
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in sorted(
        shown, key=lambda artifact: (artifact["project"] or "", artifact["version"] or "", artifact["files"])
    ):
        groups.setdefault((record["kind"], record["store"], record["verdict"] or ""), []).append(record)
    ends = chain.from_iterable((group[0], *group[1:][-1:]) for _, group in sorted(groups.items()))
    return list(ends)


def _one_of_each_kind(samples: Iterable[Record]) -> list[Record]:
    by_kind = {(record["kind"], record["store"]): record for record in samples}
    return list(by_kind.values())


def _seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _made(record: Record) -> float | None:
    return _seconds(record["downloaded"] or record["built"])


def _used(record: Record) -> float | None:
    times = [moment for moment in (_made(record), _seconds(record["last_used"])) if moment is not None]
    return max(times, default=None)


def _age(times: Iterable[float | None]) -> str:
    """Return an age that divides the artifacts, as far from the age of any of them as possible.

    Both programs then come to the same answer although the second runs a little later.
    """
    ages = sorted({time.time() - moment for moment in times if moment is not None})
    middle = ages[len(ages) // 4 : -(len(ages) // 4) or None]
    if len(middle) < 2:
        return "1d"
    gaps = [(after - before, (after + before) / 2) for before, after in pairwise(middle)]
    return f"{int(max(gaps)[1])}s"


def _median_size(records: Iterable[Record]) -> str:
    return str(int(statistics.median([record["size"] for record in records] or [0])))


def _filters(cache: Cache) -> list[tuple[str, ...]]:
    age, size = _age(map(_made, cache.artifacts)), _median_size(cache.artifacts)
    return [
        *(("--kind", kind) for kind in KINDS),
        *(("--store", store) for store in STORES),
        *(("--older-than", age), ("--newer-than", age), ("--larger-than", size)),
        *(("--kind", "built", "--kind", "sdist"), ("--kind", "wheel", "--older-than", age, "--larger-than", size)),
        ("--store", "http", "--store", "http-v2", "--newer-than", age),
    ]


def _looking(cache: Cache, samples: Sequence[Record], folder: Path) -> Iterator[Command]:
    filters = _filters(cache)
    for everything in ((), ("--all",)):
        yield Command(("list", *everything))
        for order in ("name", "size", "age", "used"):
            yield Command(("list", *everything, "--sort", order))
            yield Command(("list", *everything, "--sort", order, "--reverse"), "paths")
        yield Command(("list", *everything), "paths")
        yield Command(("list", *everything, "-0"), "paths")
        for words in filters:
            yield Command(("list", *everything, *words))
    yield Command(("list", "--unnamed"))
    yield Command(("list", "--unnamed", "--kind", "page", "--sort", "size"))
    for form in SELECTORS:
        if selectors := all_of(form, samples):
            yield Command(("list", "--all", *selectors))
    for record in _one_of_each_kind(samples):
        for form in SELECTORS:
            for selector in all_of(form, [record]):
                yield Command(("list", selector))
    for selector in WRONG_SELECTORS:
        yield Command(("list", selector))
    yield Command(("list", "no-such-project-anywhere", "0" * 56, "f" * 64))
    yield Command(("list", "--older-than", "soon"))
    for record in samples:
        for selector in (record["key"] or record["filename"], record["filename"] or record["url"]):
            if selector:
                yield Command(("show", selector))
    yield Command(("show", "*"))
    yield Command(("show", "no-such-project-anywhere"))
    for words in filters:
        yield Command(("show", "c*", *words))
    yield Command(("info",))
    yield from _locating(cache, folder)


def _locating(cache: Cache, folder: Path) -> Iterator[Command]:
    path = os.fspath(cache.path)
    configuration = folder / "pip.conf"
    configuration.write_text(f"[global]\ncache-dir = {path}\n", encoding="utf-8")
    switched_off = folder / "off.conf"
    switched_off.write_text(f"[global]\ncache-dir = {path}\nno-cache-dir = true\n", encoding="utf-8")
    environments = (
        {"PIP_CACHE_DIR": path},
        {"PIP_CONFIG_FILE": os.fspath(configuration)},
        {"PIP_CONFIG_FILE": os.fspath(switched_off)},
        {"XDG_CACHE_HOME": os.fspath(folder)},
    )
    for words in (("dir",), ("dir", "--explain")):
        yield Command(words)
        yield Command(words, is_located=True)
        for environment in environments:
            yield Command(words, environment=environment)
    yield Command(("info",), environment=environments[0])
    yield Command(("list",), environment=environments[1])
    yield Command(("verify",), environment=environments[2])
    yield Command(("list",), is_located=True)


def _verifying(samples: Sequence[Record], locks: Sequence[Path]) -> Iterator[Command]:
    yield Command(("verify",))
    yield Command(("verify", "--thorough"))
    for worst in ("damaged", "poisoned", "unverified"):
        yield Command(("verify", "--fail-on", worst))
    for codes in ("PC1", "PC2,PC401", "PC3,PC5", "PC4"):
        yield Command(("verify", "--select", codes))
        yield Command(("verify", "--ignore", codes, "--thorough"))
    for kind in KINDS:
        yield Command(("verify", "--kind", kind))
    for form in ("name", "exactly", "filename", "url", "sha256", "key"):
        yield Command(("verify", *all_of(form, samples)))
    for lock in locks:
        yield Command(("verify", "--against", os.fspath(lock)))
    with_digests = locks[:-1]
    every_lock = tuple(chain.from_iterable(("--against", os.fspath(lock)) for lock in with_digests))
    yield Command(("verify", *every_lock))
    yield Command(("verify", *every_lock, "--thorough", "--kind", "wheel"))
    yield Command(("verify", "--against", os.fspath(locks[0].with_name("absent.txt"))))


def _auditing(cache: Cache, samples: Sequence[Record], advisories: Sequence[Path]) -> Iterator[Command]:
    for form in SELECTORS:
        if selectors := all_of(form, samples):
            yield Command(("audit", *selectors))
    options = tuple(("--advisory", os.fspath(path)) for path in advisories)
    made = sorted(filter(None, map(_made, cache.artifacts)))
    moment = datetime.fromtimestamp(made[len(made) // 2], UTC).isoformat() if made else "2026-01-01"
    for advisory in (*options, tuple(chain.from_iterable(options))):
        yield Command(("audit", *advisory))
        yield Command(("audit", *advisory), "sarif")
        yield Command(("audit", *advisory, "--only-listed-versions"))
        yield Command(("audit", *advisory, "--deep"))
    every = tuple(chain.from_iterable(options))
    for window in (("--since", moment), ("--until", moment), ("--since", "2020-01-01", "--until", moment)):
        yield Command(("audit", *every, *window))
    yield Command(("audit", "--advisory", os.fspath(advisories[0].parent)))
    yield Command(("audit", "--advisory", "-"), stdin=advisories[0].read_text("utf-8"))
    yield Command(("audit", *every, "--all-caches"), is_located=True)
    yield Command(("audit", "no-such-project-anywhere"))
    yield Command(("audit", "no-such-project-anywhere"), "sarif")
    yield Command(("audit",))


def _removing(
    cache: Cache, samples: Sequence[Record], locks: Sequence[Path], advisories: Sequence[Path], folder: Path
) -> Iterator[Command]:
    def dry(*words: str, stdin: str = "") -> Command:
        return Command(("remove", "--dry-run", *words), stdin=stdin)

    for form in SELECTORS:
        if selectors := all_of(form, samples):
            yield dry(*selectors)
    for record in _one_of_each_kind(samples):
        for selector in (*all_of("exactly", [record]), *all_of("key", [record])):
            yield dry(selector)
    yield dry("*")
    yield dry("*", "--keep-pages")
    for words in _filters(cache):
        yield dry("*", *words)
    listed = folder / "selectors.txt"
    listed.write_text("# written for a comparison\n" + "\n".join(all_of("exactly", samples)) + "\n", "utf-8")
    yield dry("-r", os.fspath(listed))
    yield dry("-r", "-", stdin="\n".join(all_of("name", samples)))
    yield dry("no-such-project-anywhere")
    yield dry("no-such-project-anywhere", "--must-match")
    yield dry()
    against = ("--against", os.fspath(locks[0]))
    for verdicts in (("--damaged",), ("--poisoned",), ("--damaged", "--poisoned")):
        yield dry(*verdicts)
        yield dry(*verdicts, *against)
        yield dry(*verdicts, "i*")
    for advisory in advisories:
        yield dry("--advisory", os.fspath(advisory))
        yield dry("--advisory", os.fspath(advisory), "--no-derived")
    every = tuple(chain.from_iterable(("--advisory", os.fspath(path)) for path in advisories))
    for more in (
        *(
            (),
            ("--deep",),
            ("--only-listed-versions",),
            ("--keep-pages",),
            ("--save", os.fspath(folder / "saved")),
        ),
        *(("no-such-project-anywhere",), all_of("exactly", samples)),
    ):
        yield dry(*every, *more)


def _clearing() -> Iterator[Command]:
    for words in (
        *((), ("--http",), ("--wheels",), ("--selfcheck",), ("--old-layouts",), ("--force",)),
        *(("--http", "--wheels"), ("--wheels", "--selfcheck", "--force"), ("--old-layouts", "--wheels")),
    ):
        yield Command(("clear", "--dry-run", *words))


def _pruning(cache: Cache, samples: Sequence[Record], locks: Sequence[Path]) -> Iterator[Command]:
    age, half = (
        _age(map(_used, cache.artifacts)),
        str(sum(artifact["disk_size"] for artifact in cache.artifacts) // 2),
    )
    names = all_of("name", samples)
    keep = tuple(chain.from_iterable(("--keep", name) for name in names[:5]))
    policies: list[tuple[str, ...]] = [
        *((), ("--ci",), ("--unused-for", age), ("--older-than", age), ("--max-size", half), ("--max-size", "0")),
        *(
            ("--max-size", half, "--by-age-only"),
            ("--keep-latest", "1"),
            ("--keep-latest", "2"),
            ("--duplicates",),
        ),
        *(("--damaged",), ("--poisoned",), ("--damaged", "--poisoned", "--against", os.fspath(locks[0]))),
        *(("--old-layouts",), ("--keep-old-layouts",), ("--max-size", half, "--keep-old-layouts")),
        *(("--keep-for", os.fspath(lock)) for lock in locks),
        *((*keep, "--max-size", "0"), ("--keep", "*", "--max-size", "0"), ("--keep", "no-such-project-anywhere")),
        ("--ci", "--keep-for", os.fspath(locks[0]), "--duplicates", "--damaged", "--poisoned", *keep),
        ("--keep-latest", "1", "--duplicates", "--unused-for", age, "--max-size", half, "--old-layouts"),
    ]
    for words in policies:
        yield Command(("prune", "--dry-run", *words))
    path = os.fspath(cache.path)
    variables = {"PIP_CACHE_DIR": path, "PIPCACHE_PRUNE_MAX_SIZE": half, "PIPCACHE_PRUNE_DUPLICATES": "1"}
    yield Command(("prune", "--dry-run"), environment=variables)
