"""``offline``: a command that installs from the cache, and asks no other index."""

import os
import sys
from typing import NamedTuple

from pipcache.commands.child_process import NotStarted, run_child
from pipcache.commands.index_server import new_server
from pipcache.commands.serve import Access
from pipcache.errors import NotWritten
from pipcache.location.locate import CacheDirectory, Source, configured_for_all
from pipcache.offline.environment import environment_for
from pipcache.offline.output import check_output, write_output
from pipcache.offline.supply import Terms
from pipcache.render.console import say
from pipcache.render.json.offline import offline_document
from pipcache.render.json.writer import dump
from pipcache.render.text.offline import not_started_line, serving_line
from pipcache.render.text.serve import not_served_lines
from pipcache.util.untrusted import clean

PORTS = range(8765, 8775)
"""Few, as pip builds an sdist anew for each URL that it can come from."""

NOT_STARTED = 126
"""The exit status where the command could not be started, as shells have it."""


class OfflineRequest(NamedTuple):
    """What ``offline`` was asked for.

    Attributes:
        arguments: the command and its arguments.
        terms: which files may be given away.
        report: the file to write the report to; None for none.
        shows_requests: tell each request.
    """

    arguments: tuple[str, ...]
    terms: Terms
    report: str | None = None
    shows_requests: bool = False


def run(directory: CacheDirectory, request: OfflineRequest) -> int:
    """Run a command against a server of the cache, and say then what it asked for in vain.

    Returns:
        The exit status of the command, or 126.

    Raises:
        OutputRefused: the report must not be written there.
        MissingExtra: the server's libraries are not installed.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
        PortTaken: no port is free.
    """
    if request.report is not None:
        check_output(request.report, directory.path, (), what="report")
    server = new_server(directory.path, request.terms, PORTS, on_access=Access(is_shown=request.shows_requests))
    configured = directory.path if directory.source is Source.CONFIGURATION else None
    environ = environment_for(
        server.index_url,
        os.environ,
        cache_dir=configured,
        require_virtualenv=configured_for_all("require-virtualenv"),
    )
    if request.shows_requests:
        say(clean(serving_line(directory.path, server.index_url)))
    sys.stdout.flush()
    server.start()
    try:
        status = run_child(request.arguments, environ)
    except NotStarted as error:
        say(clean(not_started_line(request.arguments[0], str(error))))
        return NOT_STARTED
    finally:
        server.stop()
    for line in not_served_lines(server.log, directory.option):
        say(clean(line))
    if request.report is not None:
        try:
            document = offline_document(directory, server.index_url, status, server.log)
            write_output(request.report, dump(document) + "\n", what="report")
        except NotWritten as error:  # the exit status is the command's all the same
            say(clean(f"The report is not written: {error.message} {request.report}"))
    return status
