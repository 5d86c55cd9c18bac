"""A training corpus of rendered sound: solo windows of every instrument, duos and trios, and negatives.

`corpus_plan` says what is played; here it is rendered, recorded and written as a feature folder. Its column ``font``
lets a whole sound font be held out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..config import FeatureConfig
from ..errors import FeatureFolderError, InstruNetError
from .acoustics import add_breath, record, saturate
from .corpus_plan import Block, WindowPlan, plan_blocks, plan_window
from .feature_folder import from_decibels, write_feature_folder
from .negatives import make_noise_scene
from .phrases import SLOT_SECONDS
from .rendering import RENDER_RATE, Room, render_slots
from .sampler import play_slots, read_sample_bank
from .scores import Part

_SOUNDING_DB = -50.0
_MIN_SOUNDING_BLOCKS = 2  # of 0.1 s; windows with less to hear are dropped


@dataclass(frozen=True, eq=False)
class RenderedWindow:
    """One window of sound and its row in the table.

    Parameters
    ----------
    waveform : np.ndarray [shape=(48000,), dtype=float32]
        Mono at the front end's sample rate.
    row : dict
        Columns of a feature folder.
    """

    waveform: FloatArray
    row: dict[str, object]


def render_block(block: Block, *, config: FeatureConfig | None = None) -> Iterator[RenderedWindow]:
    """Render the windows of one block; those with next to nothing to hear are left out.

    Parameters
    ----------
    block : Block
    config : FeatureConfig, optional

    Yields
    ------
    RenderedWindow

    Raises
    ------
    InstruNetError
        If fluidsynth or the font fails.
    """
    config = config or FeatureConfig()
    rng = np.random.default_rng([block.seed, 2, block.index])
    plans = [plan_window(block, rng) for _ in range(block.n_windows)]
    size, damping, level = (float(value) for value in rng.uniform((0.1, 0.0, 0.2), (0.8, 1.0, 0.9)))
    room = Room(size, damping, level, float(rng.uniform(0, 3)))
    parts = [part for plan in plans for part in plan.parts]
    if block.sound_font.is_dir():
        bank = read_sample_bank(block.sound_font)
        slots = iter(play_slots(parts, bank, slot_seconds=SLOT_SECONDS, rng=rng))
    else:
        slots = iter(render_slots(parts, block.sound_font, slot_seconds=SLOT_SECONDS, room=room))
    for number, plan in enumerate(plans):
        stems = [_cut_stem(next(slots), part, plan.offset, config, rng) for part in plan.parts]
        if not all(_sounds(stem) for stem in stems):
            continue
        waveform = _record_mix(stems, config, rng)
        yield RenderedWindow(waveform, _describe(block, plan, number))


def _cut_stem(
    slot: FloatArray, part: Part, offset: float, config: FeatureConfig, rng: np.random.Generator
) -> FloatArray:
    """The window of one part at 44.1 kHz, with breath and overdrive where they belong, at an RMS of 0.1."""
    n_samples = round(config.window_seconds * RENDER_RATE)
    begin = round(offset * RENDER_RATE)
    stem = slot[begin : begin + n_samples]
    if part.patch.style in ("blown", "bowed") and rng.random() < 0.6:
        stem = add_breath(stem, RENDER_RATE, rng)
    if part.patch.instrument == "gel" and rng.random() < 0.35:
        stem = saturate(stem, float(rng.uniform(0, 24)))
    loud = _loudness_of_blocks(stem)
    level = np.sqrt(np.mean(loud[loud > 0.1 * loud.max()] ** 2)) if loud.max() > 0 else 0.0
    return stem * np.float32(0.1 / level) if level > 1e-5 else np.zeros_like(stem)


def _loudness_of_blocks(waveform: FloatArray) -> FloatArray:
    """RMS of each 0.1 s."""
    block = RENDER_RATE // 10
    return np.sqrt(np.mean(waveform[: len(waveform) // block * block].reshape(-1, block) ** 2, axis=1))


def _sounds(stem: FloatArray) -> bool:
    loud = _loudness_of_blocks(stem)
    return int((loud > 10 ** (_SOUNDING_DB / 20)).sum()) >= _MIN_SOUNDING_BLOCKS


def _record_mix(stems: list[FloatArray], config: FeatureConfig, rng: np.random.Generator) -> FloatArray:
    import soxr

    if stems:
        gains = 10 ** (rng.uniform(-4, 4, len(stems)) / 20)
        mix = np.sum([gain * stem for gain, stem in zip(gains, stems, strict=True)], axis=0)
    else:
        mix = make_noise_scene(round(config.window_seconds * RENDER_RATE), RENDER_RATE, rng)
    recorded = record(mix.astype(np.float32), RENDER_RATE, rng)
    return soxr.resample(recorded, RENDER_RATE, config.sample_rate)[: config.window_samples].astype(np.float32)


def _describe(block: Block, plan: WindowPlan, number: int) -> dict[str, object]:
    return {
        "file": f"{block.group}__{number}",
        "class": plan.label,
        "drums": "dru" if plan.has_drums else "nod",
        "recording_id": block.group,
        "segment": number,
        "group": block.group,
        "label_conflict": 0,
        "source": "rendered",
        "font": block.sound_font.stem,
        "program": "+".join(str(part.patch.program) for part in plan.parts),
        "kind": plan.kind,
    }


def write_rendered_corpus(
    path: str | Path,
    *,
    n_windows: int,
    sound_fonts: Sequence[Path],
    seed: int = 0,
    on_block: Callable[[int, int], None] | None = None,
) -> int:
    """Render a corpus and write it as a feature folder.

    Parameters
    ----------
    path : str or Path
        The new folder.
    n_windows : int
        About how many windows.
    sound_fonts : sequence of Path
        Sound fonts and folders of samples (`sampler`).
    seed : int
    on_block : callable, optional
        Called with (blocks done, blocks in all).

    Returns
    -------
    n_written : int

    Raises
    ------
    FeatureFolderError
        If the folder already holds features.
    InstruNetError
        If fluidsynth or a font fails, or if nothing is heard.
    """
    from ..features import LogMelExtractor, make_mel_filterbank

    if (Path(path) / "index.csv").exists():  # said now, not after a quarter of an hour
        raise FeatureFolderError(f"{path} already holds features; choose another folder or remove it")
    config = FeatureConfig()
    extractor = LogMelExtractor(config, make_mel_filterbank(config))
    blocks = plan_blocks(n_windows, sound_fonts, seed=seed)
    log_mels, rows = [], []
    with ThreadPoolExecutor(os.cpu_count() or 1) as executor:  # fluidsynth is a process of its own, NumPy lets go
        rendered = executor.map(lambda block: list(render_block(block, config=config)), blocks)
        for done, windows in enumerate(rendered, start=1):
            if windows:
                log_mels.append(from_decibels(extractor(np.stack([window.waveform for window in windows]))))
                rows += [window.row for window in windows]
            if on_block is not None:
                on_block(done, len(blocks))
    if not rows:
        raise InstruNetError(f"nothing is heard of {', '.join(map(str, sound_fonts))}; name another sound font")
    write_feature_folder(path, np.concatenate(log_mels), rows, config)
    return len(rows)
