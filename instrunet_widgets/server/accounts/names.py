"""Names of users: any script, but nothing invisible, and no two that look the same to a computer."""

from __future__ import annotations

import unicodedata

from ...errors import AccountError

MAX_NAME_LENGTH = 64

# Control, format (invisible), surrogate, private and unassigned characters; separators of lines and paragraphs.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters, marks and symbols that nobody sees: joiners and fillers, variation selectors, the empty Braille cell.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)


def clean_name(text: str) -> str:
    """Give a name as it is kept: Unicode's form NFKC, without spaces at its ends, single spaces inside.

    Parameters
    ----------
    text : str

    Returns
    -------
    name : str
        1 to 64 characters.

    Raises
    ------
    AccountError
        If it is empty, too long, or has control or invisible characters.
    """
    if len(text) > 16 * MAX_NAME_LENGTH:  # spares the work of normalising it
        raise AccountError(f"A name has at most {MAX_NAME_LENGTH} characters.")
    name = unicodedata.normalize("NFKC", text).strip(" ")
    if any(character in _INVISIBLE or unicodedata.category(character) in _REFUSED for character in name):
        raise AccountError("A name cannot have control characters or invisible characters.")
    name = " ".join(name.split())
    if not name:
        raise AccountError("Please enter a name.")
    if len(name) > MAX_NAME_LENGTH:
        raise AccountError(f"A name has at most {MAX_NAME_LENGTH} characters.")
    return name


def key_of(name: str) -> str:
    """Give what two names share when they are taken for the same: capitals and wide characters do not matter.

    Parameters
    ----------
    name : str
        A name from `clean_name`.

    Returns
    -------
    key : str
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).casefold()
