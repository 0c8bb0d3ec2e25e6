"""The options of the commands that start a server of the cache."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")


def server_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add what a server of the cache gives away, and whether it tells requests."""
    built = click.option(
        "--built/--no-built", default=True, help="With wheels that pip built here, or without.  [default: built]"
    )
    unverified = click.option(
        "--unverified", is_flag=True, help="Also downloads that are whole, but that nothing vouches for."
    )
    verbose = click.option("--verbose", "-v", is_flag=True, help="Tell each request on standard error.")
    return built(unverified(verbose(command)))
