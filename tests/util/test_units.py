"""Sizes and ages: what people write is understood, and what is printed can be written again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from pipcache.util.units import format_age, format_size, parse_age, parse_moment, parse_size

laws = settings(deadline=None, derandomize=True)

DAY = 86400


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("0.0", 0),
        ("0 B", 0),
        ("800B", 800),
        ("800 bytes", 800),
        ("1 byte", 1),
        ("50MB", 50_000_000),
        ("50mb", 50_000_000),
        ("50 M", 50_000_000),
        ("1.5GB", 1_500_000_000),
        ("1.5 GiB", 1_610_612_736),
        ("2k", 2000),
        ("2Ki", 2048),
        ("3TB", 3_000_000_000_000),
        (" 7 kB ", 7000),
    ],
)
def test_a_size_is_1000_based_unless_its_unit_has_an_i(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_a_size_without_a_unit_is_refused_with_the_ways_to_write_it() -> None:
    for text in ("5", " 5 ", "500", "00012", "1000000000"):
        number = text.strip()
        with pytest.raises(ValueError, match=f"^{text!r} has no unit: write {number}GB, {number}MB or {number}B$"):
            parse_size(text)
    with pytest.raises(ValueError, match=r"^'1\.5' has no unit: write 1\.5GB, 1\.5MB$"):
        parse_size("1.5")


@pytest.mark.parametrize(
    "text", ["", " ", "MB", "-5MB", "5 5", "1e3", "5ib", "5i", "5PB", "0x10", "1,5MB", "1_000", "5MBs", "nan"]
)
def test_what_is_no_size_is_refused_in_its_own_words(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as") as caught:
        parse_size(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1549, "1.5 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (157_400_000, "157.4 MB"),
        (2_000_000_000, "2.0 GB"),
        (3_000_000_000_000, "3.0 TB"),
        (5_000_000_000_000_000, "5000.0 TB"),
    ],
)
def test_a_size_is_printed_in_the_unit_that_leaves_the_fewest_digits(size: int, text: str) -> None:
    assert format_size(size) == text


@laws
@given(st.integers(0, 10**18))
def test_a_printed_size_is_read_back_within_its_last_digit(size: int) -> None:
    text = format_size(size)
    step = {"B": 1, "kB": 10**2, "MB": 10**5, "GB": 10**8, "TB": 10**11}[text.rpartition(" ")[2]]
    # half a digit of rounding, and what a float of that size cannot hold
    assert abs(parse_size(text) - size) <= (step / 2 if step > 1 else 0) + size * 1e-15


@laws
@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_a_larger_size_never_prints_as_a_smaller_one(size: int, other: int) -> None:
    small, large = sorted((size, other))
    assert parse_size(format_size(small)) <= parse_size(format_size(large))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("90m", 5400),
        ("12h", 12 * 3600),
        ("30d", 30 * DAY),
        ("30D", 30 * DAY),
        ("6w", 42 * DAY),
        ("1y", 365 * DAY),
        ("0.5d", DAY / 2),
        ("2 weeks", 14 * DAY),
        ("1 week", 7 * DAY),
        ("5 minutes", 300),
        ("5min", 300),
        ("1 hour", 3600),
        ("10 secs", 10),
        ("3 years", 3 * 365 * DAY),
        (" 7 days ", 7 * DAY),
    ],
)
def test_an_age_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "-1d", "30x", "1mo", "1 month", "1d12h", "5 ss", "1e3d", "d30"])
def test_what_is_no_age_is_refused_in_its_own_words(text: str) -> None:
    with pytest.raises(ValueError, match="is not an age such as") as caught:
        parse_age(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "now"),
        (0, "now"),
        (0.9, "now"),
        (1, "1s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (DAY, "1d"),
        (59 * DAY, "59d"),
        (60 * DAY, "8w"),
        (729 * DAY, "104w"),
        (730 * DAY, "2y"),
    ],
)
def test_an_age_is_printed_in_whole_units(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


@laws
@given(st.floats(1, 1e11))
def test_a_printed_age_is_read_back_rounded_down_to_its_unit(seconds: float) -> None:
    text = format_age(seconds)
    unit = parse_age("1" + text.lstrip("0123456789"))
    assert parse_age(text) <= seconds < parse_age(text) + unit


@pytest.mark.parametrize(("text", "meant"), [("30", "30d"), ("1.5", "1.5h"), (" 2 ", "2w"), ("0", "0d")])
def test_an_age_without_its_unit_is_refused_with_what_to_type(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"has no unit: write .*{meant} for ") as caught:
        parse_age(text)
    assert repr(text) in str(caught.value)
    assert parse_age(meant) >= 0


@pytest.mark.parametrize(
    ("text", "meant"), [("30", "has no unit: write 30d for days ago"), ("2026", "2026-03-24")]
)
def test_a_moment_without_its_unit_is_refused_with_what_to_type(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=meant):
        parse_moment(text)


@laws
@given(st.text(max_size=20))
def test_any_text_is_a_size_or_an_age_or_is_refused(text: str) -> None:
    for parse in (parse_size, parse_age):
        try:
            assert parse(text) >= 0
        except ValueError as error:
            assert repr(text) in str(error)  # noqa: PT017 - either answer is right, but no other error
