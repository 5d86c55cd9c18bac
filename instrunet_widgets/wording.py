"""How numbers and names are put into words: one place for the command line, the app and the reports."""

from __future__ import annotations

import math
from collections.abc import Sequence

SCOPE_SENTENCE = "Only these eleven instruments can be named; drums and bass, for example, can't."

CONFIDENCE_WORDS = ((0.85, "very likely"), (0.65, "likely"), (0.40, "possible"), (0.0, "unlikely"))
_PRESENCE_WORDS = ((0.90, "throughout"), (0.50, "mostly"), (0.15, "in parts"), (0.0, "briefly"))


def confidence_in_words(probability: float) -> str:
    """Say how sure the network is.

    Parameters
    ----------
    probability : float in [0, 1]

    Returns
    -------
    words : str
        "very likely" from 0.85, "likely" from 0.65, "possible" from 0.40, "unlikely" below.

    Raises
    ------
    ValueError
        If `probability` is not in [0, 1].

    Examples
    --------
    >>> confidence_in_words(0.9)
    'very likely'
    """
    return _pick_words(probability, CONFIDENCE_WORDS)


def presence_in_words(share: float) -> str:
    """Say how much of a recording an instrument is heard in.

    Parameters
    ----------
    share : float in [0, 1]
        Part of the recording's duration that the instrument's segments cover.

    Returns
    -------
    words : str
        "throughout" from 0.90, "mostly" from 0.50, "in parts" from 0.15, "briefly" below.

    Raises
    ------
    ValueError
        If `share` is not in [0, 1].

    Examples
    --------
    >>> presence_in_words(0.2)
    'in parts'
    """
    return _pick_words(share, _PRESENCE_WORDS)


def format_percent(probability: float) -> str:
    """Write a probability in whole per cent, without ever claiming certainty.

    Parameters
    ----------
    probability : float in [0, 1]

    Examples
    --------
    >>> [format_percent(p) for p in (0.0, 0.004, 0.5, 0.994, 1.0)]
    ['<1 %', '<1 %', '50 %', '99 %', '>99 %']
    """
    percent = math.floor(probability * 100 + 0.5)
    if percent < 1:
        return "<1 %"
    return f"{percent} %" if percent < 100 else ">99 %"


def format_size(n_bytes: int) -> str:
    """Write the size of a file in kB or MB (thousands, as file managers do).

    Parameters
    ----------
    n_bytes : int >= 0

    Examples
    --------
    >>> format_size(16), format_size(23_800), format_size(5_300_000), format_size(150_000_000)
    ('1 kB', '24 kB', '5.3 MB', '150 MB')
    """
    if n_bytes < 1_000_000:
        return f"{max(1, round(n_bytes / 1e3))} kB"
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes < 10_000_000 else f"{n_bytes / 1e6:.0f} MB"


def format_time(seconds: float, *, tenths: bool = False) -> str:
    """Write a time as m:ss, or h:mm:ss from one hour on.

    Parameters
    ----------
    seconds : float >= 0
        Rounded to the nearest second (or tenth of a second).
    tenths : bool
        Whether to show tenths of a second.

    Raises
    ------
    ValueError
        If `seconds` is negative or not finite.

    Examples
    --------
    >>> format_time(83.4), format_time(3723), format_time(59.96, tenths=True)
    ('1:23', '1:02:03', '1:00.0')
    """
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"a time must be a number of seconds, 0 or more, got {seconds!r}")
    n_tenths = math.floor(seconds * 10 + 0.5) if tenths else math.floor(seconds + 0.5) * 10
    minutes, rest = divmod(n_tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{rest // 10:02}" + (f".{rest % 10}" if tenths else "")


def format_seconds(seconds: float) -> str:
    """Write a short length of time in milliseconds below a tenth of a second, else in seconds.

    Parameters
    ----------
    seconds : float >= 0

    Examples
    --------
    >>> [format_seconds(s) for s in (0.00002, 0.0454, 0.25, 12.0)]
    ['<1 ms', '45 ms', '0.25 s', '12 s']
    """
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "<1 ms"
    return f"{seconds:.3g} s"


def format_time_range(start: float, end: float) -> str:
    """Write a time range as m:ss-m:ss, with tenths where whole seconds would make it look empty.

    Parameters
    ----------
    start, end : float
        Seconds, ``0 <= start <= end``.

    Examples
    --------
    >>> format_time_range(2.25, 83.0), format_time_range(0.0, 0.3)
    ('0:02-1:23', '0:00.0-0:00.3')
    """
    whole = format_time(start), format_time(end)
    if whole[0] == whole[1]:
        whole = format_time(start, tenths=True), format_time(end, tenths=True)
    return "-".join(whole)


def list_time_ranges(ranges: Sequence[tuple[float, float]], max_ranges: int) -> str:
    """Write time ranges one after the other, the first ones in full, and count the rest.

    Parameters
    ----------
    ranges : sequence of (float, float)
        Start and end, s.
    max_ranges : int
        How many are written in full.

    Examples
    --------
    >>> list_time_ranges([(0.0, 4.0), (9.0, 12.0), (70.0, 80.0)], 2)
    '0:00-0:04, 0:09-0:12 and 1 more'
    """
    shown = ", ".join(format_time_range(start, end) for start, end in ranges[:max_ranges])
    n_more = len(ranges) - max_ranges
    return f"{shown} and {n_more} more" if n_more > 0 else shown


def escape_unprintable(text: str) -> str:
    r"""Make a name from outside safe to show: control and invisible characters are written out.

    File names can hold line breaks, terminal escape sequences, characters that reverse the reading direction
    and bytes that are no text at all.

    Parameters
    ----------
    text : str

    Returns
    -------
    shown : str
        `text` with each unprintable character as a backslash escape.

    Examples
    --------
    >>> print(escape_unprintable("a\x1b[31m b.wav"))
    a\x1b[31m b.wav
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _pick_words(value: float, steps: tuple[tuple[float, str], ...]) -> str:
    if not 0 <= value <= 1:
        raise ValueError(f"expected a number from 0 to 1, got {value!r}")
    return next(words for least, words in steps if value >= least)
