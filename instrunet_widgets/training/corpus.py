"""A training corpus of rendered sound: solo windows of every instrument, duos and trios, and negatives.

The corpus is planned in blocks of up to sixteen windows. A block belongs to one sound font, one General MIDI
program and one seed, and is the unit (`group`) that a split keeps together; the column ``font`` lets a whole
font be held out. Same seed and same fonts: same notes.

Rendered voice is kept rare: choir patches teach a network little about singers, and never replace them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..config import FeatureConfig
from ..errors import FeatureFolderError, InstruNetError
from ..instruments import CODES
from .acoustics import add_breath, record, saturate
from .feature_folder import from_decibels, write_feature_folder
from .negatives import make_noise_scene, write_drums, write_unlabelled
from .phrases import SLOT_SECONDS, Kind, Setting, draw_kind, draw_setting, write_part
from .rendering import RENDER_RATE, Room, render_slots
from .scores import Part, Patch, patches_of

FloatArray = npt.NDArray[np.float32]

WINDOWS_PER_BLOCK = 16
NEGATIVE_SHARE, MIXTURE_SHARE, VOICE_SHARE = 0.10, 0.075, 0.02
_SOUNDING_DB = -50.0
_MIN_SOUNDING_BLOCKS = 2  # of 0.1 s; windows with less to hear are dropped


@dataclass(frozen=True)
class Block:
    """Windows that are rendered in one go and never split.

    Parameters
    ----------
    seed : int
        The corpus's seed; together with the block's number it decides everything that is played.
    index : int
        Number of the block in its corpus.
    role : str
        An IRMAS code, "mixture" or "negative".
    patch : Patch or None
        The program of a solo block.
    sound_font : Path
    n_windows : int
    """

    seed: int
    index: int
    role: str
    patch: Patch | None
    sound_font: Path
    n_windows: int

    @property
    def group(self) -> str:
        """Name of the unit that a split keeps together; corpora of different seeds share none."""
        played = self.role if self.patch is None else f"{self.role}{self.patch.program}"
        return f"render-{self.sound_font.stem}-{played}-{self.seed}.{self.index}"


@dataclass(frozen=True)
class WindowPlan:
    """What is played in one window.

    Parameters
    ----------
    kind : str
        "note", "phrase", "duo", "drums", "noise", ...
    parts : tuple of Part
        Each is rendered alone and mixed afterwards, so that levels are known; none for noise.
    offset : float
        Where in the written music the window begins, s.
    """

    kind: str
    parts: tuple[Part, ...]
    offset: float

    @property
    def label(self) -> str:
        """IRMAS codes that sound, joined by ``+`` in the order of the network's outputs."""
        playing = {part.patch.instrument for part in self.parts}
        return "+".join(code for code in CODES if code in playing)

    @property
    def has_drums(self) -> bool:
        """Whether a drum kit plays along."""
        return any(part.patch.style == "drums" for part in self.parts)


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


def plan_blocks(n_windows: int, sound_fonts: Sequence[Path], *, seed: int) -> list[Block]:
    """Share a corpus out over roles, programs and fonts.

    Parameters
    ----------
    n_windows : int
        About how many windows; a tenth are negatives, 7.5 % duos and trios, 2 % rendered voice, the rest solo
        windows in equal numbers for the other ten instruments.
    sound_fonts : sequence of Path
        Taken in turn within each role.
    seed : int

    Returns
    -------
    blocks : list of Block
    """
    rng = np.random.default_rng([seed, 1])
    shares = {"negative": NEGATIVE_SHARE, "mixture": MIXTURE_SHARE, "voi": VOICE_SHARE}
    solo_share = (1 - sum(shares.values())) / (len(CODES) - 1)
    counts = {role: max(1, round(n_windows * shares.get(role, solo_share))) for role in (*CODES, *shares)}
    blocks: list[Block] = []
    for role, count in counts.items():
        patches = patches_of(role)
        for number, start in enumerate(range(0, count, WINDOWS_PER_BLOCK)):
            patch = None
            if patches:
                weights = np.array([patch.weight for patch in patches])
                patch = patches[rng.choice(len(patches), p=weights / weights.sum())]
            font = sound_fonts[number % len(sound_fonts)]
            blocks.append(Block(seed, len(blocks), role, patch, font, min(WINDOWS_PER_BLOCK, count - start)))
    return blocks


def plan_window(block: Block, rng: np.random.Generator) -> WindowPlan:
    """Write the music of one window of a block."""
    setting = draw_setting(rng)
    if block.patch is not None:
        kind = draw_kind(block.patch, rng)
        part = write_part(block.patch, kind, setting, rng)
        starts_late = kind == "short" or (kind == "note" and rng.random() < 0.6)
        return WindowPlan(kind, (part,), 0.0 if starts_late else float(rng.uniform(0, SLOT_SECONDS - 3.0)))
    offset = float(rng.uniform(0, SLOT_SECONDS - 3.0))
    if block.role == "mixture":
        return _plan_mixture(setting, offset, rng)
    return _plan_negative(setting, offset, rng)


def _plan_mixture(setting: Setting, offset: float, rng: np.random.Generator) -> WindowPlan:
    n_players = int(rng.choice([2, 3], p=[0.6, 0.4]))
    codes = rng.choice([code for code in CODES if code != "voi"], size=n_players, replace=False)
    parts = []
    for code in codes:
        patches = patches_of(str(code))
        patch = patches[rng.integers(len(patches))]
        manners: tuple[Kind, Kind, Kind] = (
            ("chords", "arpeggio", "phrase") if patch.is_polyphonic else ("phrase", "phrase", "scale")
        )
        parts.append(write_part(patch, manners[rng.integers(3)], setting, rng))
    if rng.random() < 0.3:
        parts.append(write_drums(setting, rng))
    if rng.random() < 0.2:
        parts.append(write_unlabelled("bass", setting, rng))
    return WindowPlan({2: "duo", 3: "trio"}[n_players], tuple(parts), offset)


def _plan_negative(setting: Setting, offset: float, rng: np.random.Generator) -> WindowPlan:
    kinds = ("drums", "bass", "drums+bass", "mallets", "synth", "synth+drums", "noise")
    kind = str(rng.choice(kinds, p=[0.28, 0.17, 0.17, 0.10, 0.12, 0.06, 0.10]))
    styles = {"bass": "bass", "mallets": "keys", "synth": "synth"}
    parts = tuple(
        write_drums(setting, rng) if name == "drums" else write_unlabelled(styles[name], setting, rng)
        for name in kind.split("+")
        if name != "noise"
    )
    return WindowPlan(kind, parts, offset)


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
    slots = iter(
        render_slots([part for plan in plans for part in plan.parts], block.sound_font,
                     slot_seconds=SLOT_SECONDS, room=room)
    )  # fmt: skip
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
    for done, block in enumerate(blocks, start=1):
        windows = list(render_block(block, config=config))
        if windows:
            log_mels.append(from_decibels(extractor(np.stack([window.waveform for window in windows]))))
            rows += [window.row for window in windows]
        if on_block is not None:
            on_block(done, len(blocks))
    if not rows:
        raise InstruNetError(f"nothing is heard of {', '.join(map(str, sound_fonts))}; name another sound font")
    write_feature_folder(path, np.concatenate(log_mels), rows, config)
    return len(rows)
