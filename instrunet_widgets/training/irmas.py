"""The IRMAS training set [1]_: file names, recordings, and features made from its audio.

A clip is named ``[class][drums][genre]recording__segment.wav``, often with a running number in front, as in
``031__[pia][nod][cla]1444__1.wav``. Drums (``dru``, ``nod``) may be missing or not annotated (``---``).
``cla`` is both clarinet and the genre classical, so names are read by one regular expression and never by
substring.

Usually three clips come from one recording, and some recordings occur twice, here and there under two labels.
Clips of one recording, and recordings of which any clips are the same, form a *group*: what a split must
never cut. Only audio that is equal sample by sample is found; another transfer or a shifted excerpt of the
same performance is not. `irmas_features` makes features of the audio.

References
----------
.. [1] J. J. Bosch, J. Janer, F. Fuhrmann, P. Herrera, "A comparison of sound segregation techniques for
       predominant instrument recognition in musical audio signals", ISMIR 2012.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import FeatureFolderError
from ..instruments import CODES

GENRES = ("cou_fol", "cla", "pop_roc", "lat_sou", "jaz_blu")
NOT_ANNOTATED = "---"

_CLIP_NAME = re.compile(
    r"(?:\d+__)?"
    rf"\[(?P<code>{'|'.join(CODES)})\]"
    rf"(?:\[(?P<drums>dru|nod|{NOT_ANNOTATED})\])?"
    rf"\[(?P<genre>{'|'.join(GENRES)}|{NOT_ANNOTATED})\]"
    r"(?P<recording_id>\d+)__(?P<segment>\d+)"
    r"(?:\.[wW][aA][vV])?"
)


@dataclass(frozen=True)
class ClipName:
    """What the name of an IRMAS training clip says.

    Parameters
    ----------
    code : str
        Instrument, one of the eleven codes.
    drums : str
        ``"dru"`` with drums, ``"nod"`` without, empty if not annotated.
    genre : str
        One of `GENRES`, or ``"---"`` if not annotated.
    recording_id : str
        As written, with leading zeros.
    segment : int
        Which excerpt of the recording, from 1.
    """

    code: str
    drums: str
    genre: str
    recording_id: str
    segment: int


@dataclass(frozen=True)
class Clip:
    """One audio file: where it is, how it is listed (``class/name.wav``) and what its name says."""

    path: Path
    file: str
    name: ClipName


def parse_clip_name(file: str) -> ClipName:
    """Read the name of an IRMAS training clip.

    Parameters
    ----------
    file : str
        File name, with or without folders and ``.wav``.

    Raises
    ------
    ValueError
        If it is no IRMAS name.

    Examples
    --------
    >>> parse_clip_name("cel/[cel][cla]0058__2.wav")
    ClipName(code='cel', drums='', genre='cla', recording_id='0058', segment=2)
    """
    match = _CLIP_NAME.fullmatch(file.replace("\\", "/").rsplit("/", 1)[-1])
    if match is None:
        raise ValueError(f"{file!r} is not named like an IRMAS clip, [class][drums][genre]recording__segment.wav")
    drums = match["drums"] or ""
    return ClipName(
        code=match["code"],
        drums="" if drums == NOT_ANNOTATED else drums,
        genre=match["genre"],
        recording_id=match["recording_id"],
        segment=int(match["segment"]),
    )


def find_clips(folder: str | Path) -> list[Clip]:
    """List the clips of an IRMAS training folder, by class and name.

    Parameters
    ----------
    folder : str or Path
        ``IRMAS-TrainingData``, with one folder per class. Hidden files and files other than ``.wav`` are
        passed over.

    Raises
    ------
    FeatureFolderError
        If the folder is missing or not IRMAS, holds no clips, or a clip is misnamed or in another class's
        folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FeatureFolderError(f"{folder} is not a folder; give the unpacked IRMAS-TrainingData")
    classes = [folder / code for code in CODES if (folder / code).is_dir()]
    if not classes:
        raise FeatureFolderError(
            f"{folder} is not the IRMAS training set: it has no folder named {', '.join(CODES)}; "
            "give IRMAS-TrainingData itself, not the folder round it"
        )
    clips = [
        Clip(path, f"{path.parent.name}/{path.name}", _check_name(path))
        for class_folder in classes
        for path in sorted(class_folder.iterdir())
        if path.suffix.lower() == ".wav" and not path.name.startswith(".")
    ]
    if not clips:
        raise FeatureFolderError(f"the class folders in {folder} hold no .wav files; unpack the archive again")
    return clips


def make_index(clips: Sequence[Clip], hashes: Sequence[str]) -> list[dict[str, str]]:
    """Describe clips as the rows of a feature folder: duplicates, conflicting labels and groups.

    Parameters
    ----------
    clips : sequence of Clip
    hashes : sequence of str
        One per clip; equal for equal audio.

    Returns
    -------
    rows : list of dict
        A group is named by its smallest recording id. A duplicate names the first clip with its audio,
        without ``.wav``. All clips of one audio under several labels have ``label_conflict`` 1.
    """
    same_audio: dict[str, list[Clip]] = {}
    for clip, audio in zip(clips, hashes, strict=True):
        same_audio.setdefault(audio, []).append(clip)
    group_of = _join_recordings([[clip.name.recording_id for clip in alike] for alike in same_audio.values()])
    rows = []
    for clip, audio in zip(clips, hashes, strict=True):
        alike = same_audio[audio]
        rows.append(
            {
                "file": clip.file,
                "class": clip.name.code,
                "drums": clip.name.drums,
                "genre": clip.name.genre,
                "recording_id": clip.name.recording_id,
                "segment": str(clip.name.segment),
                "group": group_of[clip.name.recording_id],
                "exact_duplicate_of": "" if clip is alike[0] else alike[0].file[: -len(".wav")],
                "label_conflict": str(int(len({other.name.code for other in alike}) > 1)),
            }
        )
    return rows


def _join_recordings(alike: Sequence[Sequence[str]]) -> dict[str, str]:
    """Name of the group of each recording, where recordings listed together belong together (union-find)."""
    parent = {recording: recording for recordings in alike for recording in recordings}

    def find_root(recording: str) -> str:
        while parent[recording] != recording:
            parent[recording] = parent[parent[recording]]
            recording = parent[recording]
        return recording

    for first, *others in alike:
        for other in others:
            # The smaller root stays a root, so a group is named by its smallest recording.
            low, high = sorted((find_root(first), find_root(other)))
            parent[high] = low
    return {recording: find_root(recording) for recording in parent}


def _check_name(path: Path) -> ClipName:
    try:
        name = parse_clip_name(path.name)
    except ValueError as error:
        raise FeatureFolderError(f"{path.parent}: {error}; remove it or rename it") from error
    if name.code != path.parent.name:
        raise FeatureFolderError(f"{path} is labelled {name.code} but lies in the folder {path.parent.name}; move it")
    return name
