"""What a file is that the user brought: a saved analysis, the sound of one, or a recording of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InstruNetError

if TYPE_CHECKING:
    from ..results import Analysis


def is_saved_analysis(name: str, path: Path) -> bool:
    """Whether a file is JSON; the content decides, not the name."""
    try:
        with path.open("rb") as file:
            head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        return False
    return head.startswith((b"{", b"[")) or (not head and name.lower().endswith(".json"))


def is_sound_of(analysis: Analysis, name: str, path: Path | None) -> bool:
    """Whether a file has the name and, as far as it says, the length of what was analysed."""
    if path is None or name != analysis.audio_name:
        return False
    from ..audio import open_audio

    try:
        with open_audio(path) as reader:
            duration = reader.duration
    except InstruNetError:
        return False
    return duration is None or abs(duration - analysis.duration) < max(1.0, 0.02 * analysis.duration)
