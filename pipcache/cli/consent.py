"""What the command lines that remove share: what their exit codes say, and who may ask a question."""

import sys

from pipcache.errors import NoConsent
from pipcache.render.console import is_terminal

REMOVE_CODES = {
    0: "done: gone, or was never there",
    1: "with --must-match: a selector matched nothing",
    2: "the command line or an advisory was wrong, or the question was not answered with yes: nothing was removed",
    3: "something was not removed or not judged: no cache of pip, files that stay, places not read, links",
}

HOW_TO_GO_ON = "Nothing was removed: add --yes to go on without a question, or --dry-run for the plan alone."


def require_consent(*, yes: bool, dry_run: bool, form: str, hint: str = HOW_TO_GO_ON) -> None:
    """Return when no question has to be asked, or it can be; called before anything in the cache is read.

    Raises:
        NoConsent: a question would have to be asked, and cannot be.
    """
    if yes or dry_run:
        return
    if form in {"json", "line"}:
        raise NoConsent(f"--format {form} asks no question.", hint=hint)
    if sys.stdin is None or not is_terminal(sys.stdin):
        raise NoConsent("There is no terminal to ask at.", hint=hint)
