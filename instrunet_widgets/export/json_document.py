"""Opening JSON that anyone may have written or changed, and taking values from it with suspicion.

Size, nesting and types are checked, and whatever is wrong becomes one `ExportError` that names the file and
the cause.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, AnyStr, NoReturn

from ..errors import ExportError
from ..wording import escape_unprintable
from .names import replace_surrogates

SCHEMA_VERSION = 1
MAX_JSON_BYTES = 64 * 2**20  # an analysis takes about 1 MB an hour

Source = str | bytes | bytearray | memoryview | os.PathLike[str]
"""JSON text (a string that begins with a brace), its bytes, or the path of a file."""

_MAX_NAME_SHOWN = 100


@dataclass(frozen=True)
class JsonDocument:
    """The content of a file, and ways to take values from it that refuse whatever is of the wrong kind.

    Parameters
    ----------
    content : dict
        What the file holds.
    name : str
        What the file is called in error messages.
    """

    content: dict[str, Any]
    name: str

    def refuse(self, cause: str) -> NoReturn:
        """Raise the `ExportError` that names the file and `cause`."""
        raise ExportError(
            f"{self.name} is no complete InstruNet analysis: {cause}; open a JSON file that InstruNet wrote."
        )

    def value(self, owner: dict[str, Any], key: str, inside: str = "") -> Any:
        """What stands under `key` of `owner` (a part of the content, called `inside` in messages)."""
        if key not in owner:
            self.refuse(f"{_quote(key)} is missing" + (f" in {_quote(inside)}" if inside else ""))
        return owner[key]

    def text(self, owner: dict[str, Any], key: str) -> str:
        """A string that can be written as UTF-8."""
        value = self.value(owner, key)
        if not isinstance(value, str):
            self.refuse(f"{_quote(key)} must be text")
        return replace_surrogates(value)

    def number(self, owner: dict[str, Any], key: str, inside: str = "") -> float:
        """A finite number."""
        value = self.value(owner, key, inside)
        # A bool is an int to Python; 1e999 is infinite, and an int can be too long for a float.
        if type(value) not in (int, float) or not abs(value) < 1e300 or math.isnan(value):
            self.refuse(f"{_quote(key)} must be a number")
        return float(value)

    def count(self, owner: dict[str, Any], key: str) -> int:
        """A whole number from 0 on that fits 32 bits."""
        value = self.value(owner, key)
        if type(value) is not int or not 0 <= value < 2**31:
            self.refuse(f"{_quote(key)} must be a whole number, 0 or more")
        return value

    def array(self, key: str) -> list[Any]:
        """A list of anything."""
        value = self.value(self.content, key)
        if not isinstance(value, list):
            self.refuse(f"{_quote(key)} must be a list")
        return value

    def objects(self, key: str) -> list[dict[str, Any]]:
        """A list of objects."""
        items = self.array(key)
        if not all(isinstance(item, dict) for item in items):
            self.refuse(f"{_quote(key)} must be a list of objects")
        return items

    def object(self, key: str, owner: dict[str, Any] | None = None) -> dict[str, Any]:
        """One object, of the content or of a part of it."""
        value = self.value(self.content if owner is None else owner, key)
        if not isinstance(value, dict):
            self.refuse(f"{_quote(key)} must be an object")
        return value


def open_document(source: Source) -> JsonDocument:
    """Read and parse JSON and make sure that it is an InstruNet analysis of a version that can be read.

    Parameters
    ----------
    source : str, bytes or path
        JSON text (a string that begins with a brace), its bytes, or the path of a file.

    Returns
    -------
    document : JsonDocument

    Raises
    ------
    ExportError
        If it can't be read, is too large, is no JSON, no analysis, or from a newer version.
    """
    name, text = _read_text(source)
    content = _parse(text, name)
    if not (isinstance(content, dict) and "audio_file" in content and "timeline" in content):
        raise ExportError(f"{name} is JSON, but no InstruNet analysis; open a JSON file that InstruNet wrote.")
    document = JsonDocument(content, name)
    written_as = document.count(content, "schema_version")
    if written_as > SCHEMA_VERSION:
        raise ExportError(
            f"{name} comes from a newer InstruNet (schema version {written_as}, this one reads up to "
            f"{SCHEMA_VERSION}); update instrunet-widgets to open it."
        )
    if written_as < 1:
        document.refuse("'schema_version' must be 1 or more")
    return document


def _parse(text: str, name: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        cause = "it is nested too deeply"
    except json.JSONDecodeError as error:
        cause = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except ValueError:  # Python converts no whole number of more than 4,300 digits
        cause = "it holds NaN, infinity or a number of thousands of digits"
    raise ExportError(f"{name} can't be read as JSON ({cause}); open a JSON file that InstruNet wrote.")


def _read_text(source: Source) -> tuple[str, str]:
    """Name for messages, and text."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        name = "The JSON file"
        return name, _decode(_check_size(bytes(source), name), name)
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        name = "The JSON text"
        return name, _check_size(source, name).lstrip("\ufeff")
    path = Path(source)
    name = _shorten(escape_unprintable(str(path)))
    return name, _decode(_read_bytes(path, name), name)


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            raise ExportError(f"{name} is a folder; name a JSON file in it.")
        if path.exists() and not path.is_file():
            raise ExportError(f"{name} is a device or a pipe; name a JSON file.")
        with path.open("rb") as file:
            content = file.read(MAX_JSON_BYTES + 1)
    except FileNotFoundError:
        raise ExportError(f"{name} does not exist; check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        cause = getattr(error, "strerror", None) or str(error)
        raise ExportError(f"{name} can't be read: {cause}; check the path and its permissions.") from error
    return _check_size(content, name)


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExportError(f"{name} is not UTF-8 text; open a JSON file that InstruNet wrote.") from None


def _check_size(content: AnyStr, name: str) -> AnyStr:
    if len(content) > MAX_JSON_BYTES:
        raise ExportError(f"{name} is larger than {MAX_JSON_BYTES // 2**20} MB; open a JSON file that InstruNet wrote.")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _shorten(name: str) -> str:
    return name if len(name) <= _MAX_NAME_SHOWN else f"...{name[-_MAX_NAME_SHOWN:]}"


def _quote(key: str) -> str:
    return f"'{escape_unprintable(key)[:_MAX_NAME_SHOWN]}'"
