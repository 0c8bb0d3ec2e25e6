"""The command line of ``clear``."""

import click

from pipcache.cli.consent import REMOVE_CODES, require_consent
from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import cache_dir_option, consent_options, epilog, format_option
from pipcache.commands import clear as command
from pipcache.commands.consent import Consent
from pipcache.commands.left_to_uv import refusal_to_clear
from pipcache.errors import ExitCode
from pipcache.removal.clearing import Clearing
from pipcache.render.progress_bar import track
from pipcache.store.layout import Store


@cli.command(
    "clear",
    epilog=epilog("pipcache clear --http --yes", 0, 2, 3, topics=("safety",), meanings=REMOVE_CODES),
)
@cache_dir_option
@tool_option
@click.option("--http", is_flag=True, help="Only downloads and index pages, of all pips.")
@click.option("--wheels", is_flag=True, help="Only wheels that pip built.")
@click.option("--selfcheck", is_flag=True, help="Only the notes of when a newer pip was last looked for.")
@click.option("--old-layouts", is_flag=True, help="Only what pip 23.3 and newer do not read.")
@click.option(
    "--force",
    is_flag=True,
    help="Also what a running pip may need: unfinished or newer than ten minutes.",
)
@consent_options
@format_option("table", "json")
@click.pass_obj
def clear_command(
    app: App,
    *,
    cache_dir: str | None,
    tool: str | None,
    http: bool,
    wheels: bool,
    selfcheck: bool,
    old_layouts: bool,
    force: bool,
    yes: bool,
    dry_run: bool,
    form: str,
) -> ExitCode:
    """Remove everything that pip can make again, or the parts that options name.

    It opens no file, so it works on a cache that cannot be read. It keeps files that pip did not make, links, and
    files that a running pip has not finished. It shows the plan and asks first.
    """
    directory = app.directory(cache_dir, tool=tool)
    with app.leaving_to_uv(directory, refusal_to_clear):
        require_consent(yes=yes, dry_run=dry_run, form=form)
    everything = not (http or wheels or selfcheck or old_layouts)
    parts = (
        (http, (Store.HTTP_V2, Store.HTTP)),
        (wheels, (Store.WHEELS,)),
        (selfcheck, (Store.SELFCHECK,)),
    )
    stores = frozenset(store for wanted, members in parts if wanted or everything for store in members)
    with app.leaving_to_uv(directory, refusal_to_clear):
        answer = command.find(directory, Clearing(stores, old_layouts, force))
    return command.run(answer, Consent(yes, dry_run, force), form, track)
