"""The command line of ``audit``."""

import click

from pipcache.audit.auditor import TimeRange
from pipcache.audit.request import AuditRequest
from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import (
    MomentParam,
    advisory_options,
    cache_dir_option,
    epilog,
    format_option,
    identity_option,
    selectors_argument,
)
from pipcache.commands import audit as command
from pipcache.errors import ExitCode
from pipcache.query.selector import Selector
from pipcache.render.progress_bar import track

_CODES = {
    0: "clean, and everything could be judged",
    1: "found",
    2: "the command line was wrong, or a file is not what it claims",
    3: "nothing found, but something could not be judged; or no cache of pip could be read",
}


@cli.command(
    "audit",
    epilog=epilog(
        "pipcache audit --advisory MAL-2026-2144.json --all-caches", 0, 1, 2, 3, topics=("audit",), meanings=_CODES
    ),
)
@selectors_argument()
@cache_dir_option
@tool_option
@advisory_options
@click.option("--all-caches", is_flag=True, help="Every cache of pip and uv on this machine; others are named.")
@click.option("--since", type=MomentParam(), metavar="TIME", help="Only what was downloaded or built since then.")
@click.option(
    "--until",
    type=MomentParam(),
    metavar="TIME",
    help="Only until then: 2026-03-24 (its end), 2026-03-24T10:39Z, 3d (ago).",
)
@identity_option
@format_option(
    *("table", "json", "markdown", "sarif", "line"),
    more=" markdown is for tickets, sarif for dashboards, line is one line for engines that keep no more.",
)
@click.pass_obj
def audit_command(
    app: App,
    *,
    selectors: tuple[Selector, ...],
    cache_dir: str | None,
    tool: str | None,
    advisories: tuple[str, ...],
    only_ids: tuple[str, ...],
    only_listed_versions: bool,
    deep: bool,
    all_caches: bool,
    since: float | None,
    until: float | None,
    form: str,
) -> ExitCode:
    """Show whether what advisories describe is in the cache, with the proof, and with what was built from it.

    FILE is OSV (JSON, YAML, or the all.zip that OSV publishes), CSV with a header (name,version or
    filename,sha256), a list (name==version, file name, URL, digest, RECORD row or --hash a line), CycloneDX, a
    directory of such files, or - for standard input.
    A SELECTOR adds to what FILE describes. Nothing is changed.
    """
    if not (advisories or selectors):
        raise click.UsageError("Nothing to look for was named: give --advisory FILE, or a SELECTOR.")
    if only_ids and not advisories:
        raise click.UsageError("--only-ids goes with --advisory.")
    if since is not None and until is not None and since > until:
        raise click.UsageError("--since is later than --until.")
    request = AuditRequest(
        advisories=advisories,
        selectors=selectors,
        only_listed=only_listed_versions,
        deep=deep,
        all_caches=all_caches,
        time_range=TimeRange(since, until),
        only_ids=only_ids,
        tool=tool,
    )
    report = app.read(cache_dir, tool, lambda directory: command.find(directory, request, track))
    command.write(report, form, app.run)
    return command.exit_code(report)
