"""What an export format is, and how its module is imported when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..config import DecodingConfig
    from ..results import Analysis

    Encode = Callable[..., bytes]
    EncodeMany = Callable[[Sequence[Analysis], DecodingConfig], bytes]


@dataclass(frozen=True)
class ExportFormat:
    """One kind of file that results can be written as.

    Parameters
    ----------
    key : str
        Short name, also the option of the command line: ``"json"`` for ``--json``.
    title : str
        What a user reads, for example ``"CSV table"``.
    extension : str
        With its dot, for example ``".csv"``.
    media_type : str
        For downloads, for example ``"text/csv"``.
    description : str
        One sentence on what is in the file.
    encode : callable (Analysis, DecodingConfig) -> bytes
        The content of a file for one recording.
    encode_many : callable (sequence of Analysis, DecodingConfig) -> bytes, or None
        The content of one file for several recordings; None where the format holds one recording only.
    is_image : bool
        Whether `encode` takes an `ImageConfig` as a third argument: which chart and how large.
    is_text : bool
        Whether the file can be read as text, so that its beginning tells what is in it.
    """

    key: str
    title: str
    extension: str
    media_type: str
    description: str
    encode: Encode
    encode_many: EncodeMany | None = None
    is_image: bool = False
    is_text: bool = True


def import_encode(module: str) -> Encode:
    """The ``encode`` of a module of this package, which is imported when it is called."""

    def encode(*arguments: Any) -> bytes:
        content: bytes = import_module(f".{module}", __package__).encode(*arguments)
        return content

    return encode


def import_encode_many(module: str) -> EncodeMany:
    """The ``encode_many`` of a module of this package, which is imported when it is called."""

    def encode_many(analyses: Sequence[Analysis], config: DecodingConfig) -> bytes:
        content: bytes = import_module(f".{module}", __package__).encode_many(analyses, config)
        return content

    return encode_many
