"""The list of topics."""

from collections.abc import Iterator, Mapping


def topic_lines(topics: Mapping[str, str]) -> Iterator[str]:
    """Yield the list of topics, each with what it is about."""
    longest = max(map(len, topics))
    yield "Topics:"
    yield from (f"  {name:{longest}}  {about}" for name, about in topics.items())
    yield ""
    yield "'pipcache help TOPIC' shows one of them, 'pipcache help COMMAND' the options of a command."
