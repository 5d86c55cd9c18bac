"""Names of exported files, made from the names of recordings, which come from anywhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..wording import escape_unprintable

_MAX_STEM_BYTES = 180  # file systems allow 255 for the whole name
_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)


def strip_folder(name: str) -> str:
    r"""Keep what stands behind the last slash or backslash, and make it text that can be written as UTF-8.

    Parameters
    ----------
    name : str
        A file name, perhaps with folders, perhaps with bytes that are no text.

    Examples
    --------
    >>> strip_folder("../music\\song.mp3")
    'song.mp3'
    """
    return replace_surrogates(re.split(r"[\\/]", name)[-1])


def replace_surrogates(text: str) -> str:
    r"""Put U+FFFD for halves of characters (bytes of a file name that are no UTF-8); they cannot be written.

    Examples
    --------
    >>> replace_surrogates("caf\udce9") == "caf\ufffd"
    True
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def name_files(audio_names: Sequence[str], extension: str) -> tuple[str, ...]:
    """Name one export per recording so that no two are the same and each is allowed on every system.

    Recordings that differ only in their extension keep it, and what is still the same is numbered.

    Parameters
    ----------
    audio_names : sequence of str
        File names of the recordings.
    extension : str
        Of the exports, with its dot.

    Returns
    -------
    names : tuple of str
        One per recording, without folders, different also where case does not count.

    Examples
    --------
    >>> name_files(["a.mp3", "b.mp3", "b.wav"], ".json")
    ('a.json', 'b.mp3.json', 'b.wav.json')
    """
    plain = [_clean(strip_folder(name)) for name in audio_names]
    stems = [name.rpartition(".")[0] or name for name in plain]
    n_same = Counter(stem.casefold() for stem in stems)

    taken: set[str] = set()
    names = []
    for stem, full in zip(stems, plain, strict=True):
        base = _shorten(stem if n_same[stem.casefold()] == 1 else full)
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base} ({number})"
        taken.add(name.casefold())
        names.append(name + extension)
    return tuple(names)


def _clean(name: str) -> str:
    name = re.sub(r'[<>:"|?*\\/]', "_", escape_unprintable(name)).strip(" .")
    if not name:
        return "recording"
    return f"_{name}" if _RESERVED_ON_WINDOWS.match(name) else name


def _shorten(stem: str) -> str:
    return stem.encode()[:_MAX_STEM_BYTES].decode(errors="ignore").rstrip(" .")
