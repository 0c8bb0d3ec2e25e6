"""``help``: the topics of the documentation, which lie as Markdown in the package's folder ``docs``."""

import re
import sys
from importlib.resources import files

from pipcache.render.console import is_terminal, print_answer, width
from pipcache.render.text.help import topic_lines

TOPICS = {
    "tour": "every command on a real cache, with what it prints",
    "commands": "every command with all of its options",
    "selectors": "how to name what you mean: projects, versions, patterns, digests, filters",
    "environment": "which directory is the cache, and every environment variable",
    "evidence": "how an entry gets its name, and what proves it",
    "promises": "what verify checks, and who made each promise",
    "codes": "the verdicts and every finding of verify",
    "refresh": "ask the indexes what has changed: who is asked about what, and what is told",
    "prune": "the policies of prune: what each removes and keeps",
    "ci": "recipes: GitHub, GitLab, CircleCI, Azure, Jenkins, Docker, cron",
    "audit": "after a bad upload: advisories, what is searched, what is removed",
    "uv": "uv's cache: what is in it, what an audit finds, how uv removes it",
    "offline": "install from the cache: on a plane, an air-gapped machine, in a classroom",
    "lock": "install out of the cache while the index is down",
    "export": "install on a machine without a network, from a folder",
    "safety": "what a removal does and never does; what a run reads, writes and shows",
    "exit-codes": "every exit status",
    "json": "every field of every JSON document",
    "contributing": "the code: where things are, the rules, the tests",
}
"""The topics, in the order in which they are listed, and what each is about."""

_MOST_NEAR = 3


def write_topics() -> None:
    """Print the list of topics."""
    print_answer("\n".join(topic_lines(TOPICS, width() if is_terminal(sys.stdout) else None)))


def write(topic: str) -> None:
    """Print a topic as the Markdown that it is."""
    print_answer(_text(topic).rstrip("\n"))


def formatted(topic: str) -> str:
    """Return a topic as a terminal shows it."""
    from pipcache.render.text.document import render_markdown  # rich, which the list of topics does without

    return render_markdown(_text(topic), sys.stdout)


def topics_about(word: str) -> tuple[str, ...]:
    """Return the topics that speak of a word: those where it stands in a heading first, then the most often."""
    if not re.search(r"\w", word):
        return ()
    mention = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    ranked: list[tuple[bool, int, str]] = []
    for topic in TOPICS:
        text = _text(topic)
        if count := len(mention.findall(text)):
            is_heading = any(mention.search(line) for line in re.findall(r"^#.*", text, re.MULTILINE))
            ranked.append((not is_heading, -count, topic))
    return tuple(topic for *_, topic in sorted(ranked)[:_MOST_NEAR])


def _text(topic: str) -> str:
    return (files("pipcache") / "docs" / f"{topic}.md").read_text("utf-8")
