"""Where the results of ``instrunet analyze`` are written, decided and checked before any work is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..config import DecodingConfig
from ..errors import ExportError
from ..export import ExportFormat, write_export
from ..export.files import refuse_existing
from ..export.names import name_files
from ..plotting import ImageConfig
from ..results import Analysis

STDOUT = "-"


@dataclass(frozen=True)
class Target:
    """A file to write.

    Parameters
    ----------
    format : ExportFormat
    path : Path
    makes_folder : bool
        Whether its folder is made where there is none: so for folders of results, not for single files.
    """

    format: ExportFormat
    path: Path
    makes_folder: bool = False


@dataclass(frozen=True)
class OutputPlan:
    """Which files an invocation writes.

    Parameters
    ----------
    files : tuple of (tuple of Target)
        For each recording, the files of its own.
    tables : tuple of Target
        Files with one row per recording.
    has_json_lines : bool
        Whether each recording becomes a line of JSON on standard output.
    force : bool
        Whether existing files are replaced.
    image : ImageConfig
        Which chart images show, and how large they are.
    """

    files: tuple[tuple[Target, ...], ...]
    tables: tuple[Target, ...]
    has_json_lines: bool
    force: bool
    image: ImageConfig

    def write_recording(self, index: int, analysis: Analysis, config: DecodingConfig) -> None:
        """Write what belongs to one recording.

        Raises
        ------
        ExportError
            If a file cannot be written.
        """
        if self.has_json_lines:
            _write_json_line(analysis, config)
        for target in self.files[index]:
            if target.makes_folder:
                _make_folder(target.path.parent)
            write_export(analysis, config, target.path, target.format.key, force=self.force, image=self.image)

    def write_tables(self, analyses: Sequence[Analysis], config: DecodingConfig) -> None:
        """Write the files that hold all recordings.

        Raises
        ------
        ExportError
            If a file cannot be written.
        """
        for target in self.tables:
            write_export(analyses, config, target.path, target.format.key, force=self.force)


def plan_outputs(
    wishes: Mapping[ExportFormat, str], recordings: Sequence[Path], *, force: bool, image: ImageConfig
) -> OutputPlan:
    """Decide on all output files and refuse what would fail or destroy something.

    Parameters
    ----------
    wishes : mapping of ExportFormat to str
        The PATH given for each format; ``-`` is standard output (JSON only).
    recordings : sequence of Path
        The files to analyse.
    force : bool
        Whether existing output files may be replaced; a recording to analyse is never.
    image : ImageConfig
        Which chart images show, and how large they are.

    Raises
    ------
    ExportError
        If a file exists already, cannot be written, is named twice or is one of the recordings.
    """
    files: list[list[Target]] = [[] for _ in recordings]
    tables: list[Target] = []
    for format_, wish in wishes.items():
        path = Path(wish).expanduser()
        is_folder = path.is_dir() or wish.endswith(("/", os.sep))
        if wish == STDOUT:
            continue
        if len(recordings) == 1 and not is_folder:
            files[0].append(Target(format_, path))
        elif _has_extension(format_, path) and not is_folder:
            if format_.encode_many is None:
                raise ExportError(f"{path}: {format_.title} files hold one recording each; name a folder for them.")
            tables.append(Target(format_, path))
        else:
            names = name_files([recording.name for recording in recordings], format_.extension)
            for own, name in zip(files, names, strict=True):
                own.append(Target(format_, path / name, makes_folder=True))
    plan = OutputPlan(
        files=tuple(tuple(own) for own in files),
        tables=tuple(tables),
        has_json_lines=STDOUT in wishes.values(),
        force=force,
        image=image,
    )
    _check_targets([target for own in (*plan.files, plan.tables) for target in own], recordings, force)
    return plan


def _has_extension(format_: ExportFormat, path: Path) -> bool:
    return path.suffix.casefold() == Path(f"x{format_.extension}").suffix


def _check_targets(targets: Sequence[Target], recordings: Sequence[Path], force: bool) -> None:
    seen: set[str] = set()
    for target in targets:
        path = target.path
        real_path = os.path.realpath(path)
        if real_path in seen:
            raise ExportError(f"{path} is named for two outputs; give each its own name.")
        seen.add(real_path)
        if any(_is_same_file(path, recording) for recording in recordings):
            raise ExportError(f"{path} is a recording to be analysed; choose another name for the output.")
        if path.suffix and not _has_extension(target.format, path):
            ending = Path(f"x{target.format.extension}").suffix
            raise ExportError(f"{path}: {target.format.title} files end in {ending}; use this extension or none.")
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ExportError(f"{path} cannot be written: it is a device or a pipe; choose another name.")
        if path.is_dir() or not force:
            refuse_existing(path)
        _check_folder(target)


def _check_folder(target: Target) -> None:
    folder = target.path.parent
    while target.makes_folder and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.exists():
        raise ExportError(f"{target.path} cannot be written: there is no folder {folder}; create it first.")
    if not folder.is_dir():
        raise ExportError(f"{target.path} cannot be written: {folder} is not a folder; choose another place.")
    if not os.access(folder, os.W_OK):
        raise ExportError(f"{target.path} cannot be written: no permission in {folder}; choose another place.")


def _is_same_file(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder} cannot be made ({error.strerror}); choose another place.") from error


def _write_json_line(analysis: Analysis, config: DecodingConfig) -> None:
    from ..export.json_format import to_json

    # JSON is UTF-8 whatever the terminal's encoding.
    sys.stdout.flush()
    sys.stdout.buffer.write(to_json(analysis, config, one_line=True).encode("utf-8") + b"\n")
    sys.stdout.buffer.flush()
