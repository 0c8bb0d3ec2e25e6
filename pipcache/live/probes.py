"""Asks whether the files that an index no longer lists are still where pip got them from; none is downloaded.

A file is asked for only at the URL that the cache proves: whoever answers there gave this machine the file.
"""

from collections.abc import Iterable, Iterator, Sequence

from pipcache.inventory.artifact import Artifact
from pipcache.inventory.index_places import proved_url
from pipcache.live.answers import Answer, Failed, Gone, Present
from pipcache.live.questions import Asking, Mode, Question
from pipcache.live.refresh import Asker, ComparedFile, Result
from pipcache.live.statuses import Presence, Probe
from pipcache.util.progress import Track
from pipcache.util.urls import filename_in
from pipcache.verify.checks import Check


def possible_probes(questions: Iterable[Question]) -> list[Question]:
    """Return what may be asked of the files of some questions: it is, of those that are no longer listed."""
    files = ((question.project, file) for question in questions for file in question.files)
    return _questions(files)


def with_probes(client: Asker, results: Sequence[Result], track: Track) -> list[Result]:
    """Ask about the files that are no longer listed, and return the results with the answers.

    Args:
        client: asks.
        results: what came of the questions about pages; nothing is asked where an index has not answered.
        track: shows the progress.
    """
    missing = [(result.question.project, file.artifact) for result in results for file in _missing(result)]
    askings = [Asking(question, Mode.PROBE) for question in _questions(missing)]
    probes = {
        asking.question.url: _probe(asking.question.url, answer)
        for asking, answer in track(client.ask(askings), len(askings), "Asking for files")
    }
    return [
        result._replace(files=tuple(_with_probe(file, probes) for file in result.files))
        if any(_missing(result))
        else result
        for result in results
    ]


def _with_probe(file: ComparedFile, probes: dict[str, Probe]) -> ComparedFile:
    url = proved_url(file.artifact)
    return file if url is None or not _is_missing(file) else file._replace(probe=probes.get(url))


def _missing(result: Result) -> Iterator[ComparedFile]:
    if not isinstance(result.answer, Failed):
        yield from filter(_is_missing, result.files)


def _is_missing(file: ComparedFile) -> bool:
    return file.is_proved and any(finding.check is Check.PC711 for finding in file.status.findings)


def _questions(files: Iterable[tuple[str, Artifact]]) -> list[Question]:
    """Return a question for each URL; two stores may have a file of the same URL."""
    questions: dict[str, Question] = {}
    for project, file in files:
        if (url := proved_url(file)) is not None and url not in questions:
            scheme, _, rest = url.partition("://")
            server = f"{scheme}://{rest.partition('/')[0]}/"
            questions[url] = Question(server, project, url, None, (file,))
    return list(questions.values())


def _probe(url: str, answer: Answer) -> Probe:
    """Return what an answer says of the file at a URL."""
    match answer:
        case Gone(status=status):
            return Probe(url, Presence.DELETED, status)
        case Present(url=where, headers=headers):
            if filename_in(where) != filename_in(url):
                return Probe(url, Presence.UNKNOWN, 200, "the server leads to another name")
            if headers.get("content-type", "").lower().startswith("text/html"):
                return Probe(url, Presence.UNKNOWN, 200, "the server answers with a web page")
            return Probe(url, Presence.THERE, 200)
        case Failed(text=text, status=status):
            return Probe(url, Presence.UNKNOWN, status, text)
        case _:
            return Probe(url, Presence.UNKNOWN, None, "the answer is none to this question")
