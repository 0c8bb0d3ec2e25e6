"""The command line of ``prune``."""

import re
import sys

import click

from pipcache.cli.consent import HOW_TO_GO_ON
from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import (
    SelectorParam,
    UnitParam,
    against_option,
    cache_dir_option,
    consent_options,
    epilog,
    format_option,
    source_options,
)
from pipcache.cli.slips import Slip
from pipcache.commands import prune as command
from pipcache.commands.consent import Consent
from pipcache.commands.left_to_uv import refusal_to_prune
from pipcache.errors import ExitCode, NoConsent
from pipcache.prune.request import Policies, PruneRequest
from pipcache.query.filters import Filters
from pipcache.query.selector import Selector
from pipcache.query.sources import Source
from pipcache.removal.plan import Reason
from pipcache.render.console import is_terminal
from pipcache.render.progress_bar import track
from pipcache.util.units import parse_age, parse_size

_CODES = {
    0: "done; or nothing is cached yet",
    2: "the command line or a file was wrong, or nobody said yes",
    3: "something was not removed or not read; or no cache of pip",
}

_AGE, _SIZE = UnitParam("age", parse_age), UnitParam("size", parse_size)


class KeepParam(SelectorParam):
    """A selector of what is kept; a bare number is taken for a number of versions, and refused."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Selector:
        """Return the selector that ``value`` is."""
        text = str(value).strip()
        if not isinstance(value, Selector) and re.fullmatch("[0-9]+", text):
            advice = f"for a number of versions write --keep-latest {text}, for a project of this name '{text}>=0'"
            meant = ("--keep-latest", text)
            raise Slip(
                f"--keep takes a SELECTOR, and {text} is a number: {advice}.", "--keep", meant, also=(str(value),)
            )
        return super().convert(value, param, ctx)


@cli.command(
    "prune",
    epilog=epilog(
        "pipcache prune --keep-for requirements.txt --keep-latest 1",
        0,
        2,
        3,
        topics=("prune", "ci"),
        meanings=_CODES,
    ),
    context_settings={"auto_envvar_prefix": "PIPCACHE_PRUNE"},
)
@cache_dir_option
@tool_option
@click.option(
    "--ci",
    is_flag=True,
    help="Remove all that came from an index; keep what was built. The next run downloads the rest again.",
)
@click.option(
    "--keep-for",
    multiple=True,
    type=click.Path(allow_dash=True),
    metavar="FILE",
    help="Keep only what FILE names: requirements, pylock.toml, uv.lock, poetry.lock, pdm.lock, Pipfile.lock. "
    "Repeatable.",
)
@click.option(
    "--keep",
    multiple=True,
    type=KeepParam(),
    metavar="SELECTOR",
    help="Never remove what SELECTOR matches, whatever the policies. Repeatable.",
)
@click.option(
    "--unused-for", type=_AGE, metavar="AGE", help="Remove what was not used for this long: 12h, 30d, 6w, 1y."
)
@click.option("--older-than", type=_AGE, metavar="AGE", help="The same: here age is counted from the last use.")
@click.option(
    "--max-size",
    type=_SIZE,
    metavar="SIZE",
    help="Remove the least recently used, downloads before built wheels, until the rest fits: 500MB, 2GiB, 0.",
)
@click.option("--by-age-only", is_flag=True, help="With --max-size: remove built wheels as early as downloads.")
@click.option(
    "--keep-latest",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep the N newest versions of each project, kind and tags.",
)
@click.option("--duplicates", is_flag=True, help="Keep only the newest of downloads with the same bytes.")
@click.option("--damaged", is_flag=True, help="Remove what verify judges damaged.")
@click.option("--poisoned", is_flag=True, help="Remove what verify judges poisoned.")
@against_option
@click.option("--old-layouts", is_flag=True, help="Remove what only pips before 23.3 read, even if it is in use.")
@click.option(
    "--keep-old-layouts",
    is_flag=True,
    help="Keep all of that; the default removes it after 90 days without use.",
)
@source_options(envvar="PIPCACHE_PRUNE_FROM")
@consent_options
@format_option(
    *("table", "json", "github"),
    more=" github is a table for a job's summary, and key=value lines for a step's outputs.",
    envvar="PIPCACHE_PRUNE_FORMAT",
)
@click.pass_obj
def prune_command(
    app: App,
    *,
    cache_dir: str | None,
    tool: str | None,
    ci: bool,
    keep_for: tuple[str, ...],
    keep: tuple[Selector, ...],
    unused_for: float | None,
    older_than: float | None,
    max_size: float | None,
    by_age_only: bool,
    keep_latest: int | None,
    duplicates: bool,
    damaged: bool,
    poisoned: bool,
    against: tuple[str, ...],
    old_layouts: bool,
    keep_old_layouts: bool,
    sources: tuple[Source, ...],
    built_by: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    form: str,
) -> ExitCode:
    """Remove what no pip can use again (dead weight), and what the policies remove; policies can be combined.

    It asks only at a terminal. Its last line says what is kept, what was removed and by which policy. Every option
    can also be an environment variable: PIPCACHE_PRUNE_MAX_SIZE is --max-size.
    """
    if old_layouts and keep_old_layouts:
        raise click.UsageError("--old-layouts and --keep-old-layouts exclude each other.")
    if by_age_only and max_size is None:
        raise click.UsageError("--by-age-only goes with --max-size.")
    if against and not (damaged or poisoned):
        raise click.UsageError("--against goes with --damaged or --poisoned.")
    directory = app.directory(cache_dir, tool=tool)
    if form != "table" and not (yes or dry_run) and sys.stdin is not None and is_terminal(sys.stdin):
        raise NoConsent(f"--format {form} asks no question at a terminal.", hint=HOW_TO_GO_ON)
    policies = Policies(
        old_layouts=True if old_layouts else False if keep_old_layouts else None,
        unused_for=unused_for,
        older_than=older_than,
        max_size=None if max_size is None else int(max_size),
        by_age_only=by_age_only,
        keep_latest=keep_latest,
        ci=ci,
        duplicates=duplicates,
    )
    verdicts = tuple(
        reason for wanted, reason in ((damaged, Reason.DAMAGED), (poisoned, Reason.POISONED)) if wanted
    )
    filters = Filters(sources=sources, built_by=frozenset(built_by))
    request = PruneRequest(policies, keep, keep_for, verdicts, against, filters)
    with app.leaving_to_uv(directory, refusal_to_prune):
        answer = command.find(directory, request, track)
    return command.run(answer, request, Consent(yes, dry_run), form, track)
