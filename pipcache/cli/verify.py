"""The command line of ``verify``."""

import sys

import click

from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import (
    ChoiceParam,
    against_option,
    cache_dir_option,
    epilog,
    filter_options,
    format_option,
    selectors_argument,
)
from pipcache.commands import verify as command
from pipcache.errors import ExitCode
from pipcache.query.filters import Filters
from pipcache.query.selector import Selector
from pipcache.render.console import is_terminal, width
from pipcache.render.progress_bar import track
from pipcache.render.text.verify import explain_lines
from pipcache.render.text.wrap import fit
from pipcache.verify.checks import Check, checks_named

_CODES = {
    0: "nothing was found",
    1: "findings: something is poisoned or damaged (see --fail-on)",
    2: "the command line was wrong, or a lock file could not be read",
    3: "no finding, but something could not be read; or no cache of pip",
}


class ChecksParam(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """Checks by their codes or the beginnings of these, with commas between."""

    name = "codes"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[Check]:
        """Return the checks that ``value`` names."""
        if isinstance(value, frozenset):
            return value
        checks: frozenset[Check] = frozenset()
        for code in str(value).split(","):
            if not (named := checks_named(code.strip())):
                self.fail(f"{code.strip()!r} is no check; pipcache verify --explain lists them.", param, ctx)
            checks |= named
        return checks


@cli.command(
    "verify",
    epilog=epilog(
        "pipcache verify --against requirements.txt", 0, 1, 2, 3, topics=("codes", "promises"), meanings=_CODES
    ),
)
@selectors_argument()
@cache_dir_option
@tool_option
@filter_options
@against_option
@click.option("--thorough", is_flag=True, help="Check every promise, even where a strong promise is kept.")
@click.option(
    "--select",
    "selected",
    multiple=True,
    type=ChecksParam(),
    metavar="CODES",
    help="Only these checks: PC2,PC401.",
)
@click.option("--ignore", "ignored", multiple=True, type=ChecksParam(), metavar="CODES", help="Not these.")
@click.option(
    "--fail-on",
    type=ChoiceParam(("damaged", "poisoned", "unverified")),
    default="damaged",
    show_default=True,
    help="Exit with 1 for this verdict or a worse one.",
)
@click.option(
    "--explain",
    is_flag=False,
    flag_value="PC",
    type=ChecksParam(),
    metavar="[CODES]",
    help="Show what each check means, and read no cache.",
)
@format_option("table", "json")
@click.pass_obj
def verify_command(
    app: App,
    *,
    selectors: tuple[Selector, ...],
    cache_dir: str | None,
    tool: str | None,
    filters: Filters,
    against: tuple[str, ...],
    thorough: bool,
    selected: tuple[frozenset[Check], ...],
    ignored: tuple[frozenset[Check], ...],
    fail_on: str,
    explain: frozenset[Check] | None,
    form: str,
) -> ExitCode:
    """Compare every entry with all that is known about it, and show what differs. Nothing is changed.

    What is known comes from the cache itself (keys, index pages, URLs, headers, archives) and from the lock files
    given with --against, which whoever can write the cache cannot change. With a SELECTOR, as in list, only what
    it matches is compared.
    """
    if explain is not None:
        lines = explain_lines([check for check in Check if check in explain])
        click.echo("\n".join(fit(lines, width()) if is_terminal(sys.stdout) else lines))
        return ExitCode.OK
    wanted = frozenset().union(*selected) if selected else frozenset(Check)
    request = command.VerifyRequest(
        selectors,
        filters,
        against,
        thorough,
        wanted.difference(*ignored),
        fail_on,
        by_name=bool(selected),
    )
    answer = app.read(cache_dir, tool, lambda directory: command.find(directory, request, track))
    command.write(answer, form)
    return command.exit_code(answer, request)
