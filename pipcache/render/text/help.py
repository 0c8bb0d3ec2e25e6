"""The list of topics."""

from collections.abc import Iterator, Mapping

from pipcache.render.text.wrap import fit_line


def topic_lines(topics: Mapping[str, str], columns: int | None) -> Iterator[str]:
    """Yield the list of topics, each with what it is about, broken at ``columns``; None: not at all."""
    longest = max(map(len, topics))
    rows = [(f"  {name:{longest}}  {about}", longest + 4) for name, about in topics.items()]
    end = "'pipcache help TOPIC' shows one of them, 'pipcache help COMMAND' the options of a command."
    for line, hang in (("Topics:", 0), *rows, ("", 0), (end, 0)):
        if columns is None:
            yield line
        else:
            yield from fit_line(line, columns, hang)
