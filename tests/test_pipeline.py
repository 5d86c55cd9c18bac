import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
import soundfile
from stand_in import SAMPLE_RATE, PitchClassifier, make_extractor, make_tone

from instrunet_widgets.config import WindowConfig
from instrunet_widgets.errors import AudioError, Cancelled
from instrunet_widgets.features import frame_windows
from instrunet_widgets.instruments import CODES
from instrunet_widgets.pipeline import StageTimes, analyze, progress, stream, stream_windows
from instrunet_widgets.thresholds import ModelThresholds


class MadeReader:
    """Stands for an open file whose sound is made block by block while it is read."""

    def __init__(self, blocks, *, duration=None):
        self.name, self.sample_rate, self.n_channels, self.format = "made.wav", 44_100, 2, "WAV"
        self.duration = duration
        self.warnings = []
        self.is_open = True
        self._blocks = blocks

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_open = False

    def blocks(self, *, sample_rate):
        assert sample_rate == SAMPLE_RATE
        yield from self._blocks
        self.warnings.append("made.wav is cut off.")


@pytest.fixture
def classifier():
    return PitchClassifier()


@pytest.fixture
def read_from(monkeypatch):
    """Let the pipeline read made blocks instead of a file."""

    def install(blocks, **kwargs):
        reader = MadeReader(blocks, **kwargs)
        monkeypatch.setattr(stream, "open_audio", lambda source, name=None: reader)
        return reader

    return install


def in_blocks(sound, size):
    return [sound[start : start + size] for start in range(0, len(sound), size)]


@pytest.mark.parametrize(
    ("n_samples", "n_windows"),
    [
        (1, 1),
        (47_999, 1),
        (48_000, 1),
        (48_001, 2),
        (72_000, 2),
        (72_001, 3),
        (160_000, 6),
        (408_000, 16),
        (408_001, 17),
        (432_001, 18),
        (2_880_000, 119),
    ],
)
def test_every_sample_falls_in_exactly_as_many_windows_as_needed(n_samples, n_windows, classifier, read_from):
    read_from(in_blocks(np.zeros(n_samples, dtype=np.float32), 160_000))
    analysis = analyze("made.wav", classifier=classifier)
    assert analysis.n_windows == n_windows
    assert analysis.duration == n_samples / 16_000
    np.testing.assert_array_equal(analysis.window_starts, 1.5 * np.arange(n_windows))


@pytest.mark.parametrize("block_size", [7_001, 24_000, 160_000, 1_000_000])
def test_probabilities_do_not_depend_on_blocks_and_batches(block_size, classifier, read_from):
    rng = np.random.default_rng(3)
    tones = [make_tone(code, seconds) for code, seconds in (("cel", 7.3), ("vio", 20.0), ("gel", 9.1))]
    sound = np.concatenate(tones) + 0.01 * rng.standard_normal(582_400).astype(np.float32)
    read_from(in_blocks(sound, block_size))
    analysis = analyze("made.wav", classifier=classifier)

    windows = frame_windows(sound, sample_rate=SAMPLE_RATE)
    expected = PitchClassifier().predict_proba(make_extractor()(windows))
    np.testing.assert_array_equal(analysis.probabilities, expected)
    assert max(classifier.batch_sizes) <= 16


def test_each_instrument_is_found_where_it_plays(classifier, tmp_path):
    path = tmp_path / "two tones.wav"
    soundfile.write(path, np.concatenate([make_tone("cel", 12), make_tone("vio", 12)]), SAMPLE_RATE)
    analysis = analyze(path, classifier=classifier)
    cello, violin = (analysis.probabilities[:, CODES.index(code)] for code in ("cel", "vio"))
    # 15 windows: 0 to 6 end by 12 s; 7 (10.5 to 13.5 s) hears half of each; 8 to 14 begin at 12 s or later.
    np.testing.assert_allclose(cello, [0.9] * 7 + [0.45] + [0.0] * 7, atol=0.02)
    np.testing.assert_allclose(violin, [0.0] * 7 + [0.45] + [0.9] * 7, atol=0.02)
    assert analysis.audio_name == "two tones.wav"
    assert (analysis.sample_rate, analysis.n_channels, analysis.audio_format) == (16_000, 1, "WAV")
    assert (analysis.model_name, analysis.model_hash) == ("stand-in", "0" * 64)
    assert analysis.warnings == ()


def test_silent_windows_have_probability_zero_and_never_reach_the_network(classifier, read_from):
    rest = 1e-4 * np.ones(12 * SAMPLE_RATE, dtype=np.float32)
    sound = np.concatenate([make_tone("cel", 6), rest, make_tone("vio", 6)])
    read_from(in_blocks(sound, 160_000))
    analysis = analyze("made.wav", classifier=classifier)
    # 24 s: 15 windows. Those from 6 s on that end by 18 s are silent: 4 (6.0 s) to 10 (15.0 s).
    assert np.flatnonzero(analysis.silent).tolist() == [4, 5, 6, 7, 8, 9, 10]
    assert not analysis.probabilities[4:11].any()
    assert sum(classifier.batch_sizes) == 8


def test_thresholds_are_those_for_the_time_that_sounds(classifier, read_from):
    mean = np.repeat([[0.6], [0.4], [0.2]], 11, axis=1)
    classifier.model_thresholds = ModelThresholds(np.full(11, 0.5), np.float32([1, 4, 16]), mean, np.full(11, 0.5))
    rest = np.zeros(12 * SAMPLE_RATE, dtype=np.float32)
    read_from(in_blocks(np.concatenate([make_tone("cel", 6), rest, make_tone("vio", 6)]), 160_000))
    # 8 of 15 windows sound: half-way between 4 and 16 in logarithms.
    np.testing.assert_allclose(analyze("made.wav", classifier=classifier).thresholds.recording_mean, 0.3, atol=1e-6)


def test_a_wholly_silent_recording_does_not_run_the_network(classifier, read_from):
    read_from([np.zeros(160_000, dtype=np.float32)])
    analysis = analyze("made.wav", classifier=classifier)
    assert analysis.silent.all()
    assert classifier.batch_sizes == []
    assert analysis.decode().detected == ()


def test_batches_arrive_while_the_recording_is_still_being_read(classifier, read_from):
    served = []

    def serve():
        for number in range(12):
            served.append(number)
            yield make_tone("cel", 10.0)

    read_from(serve(), duration=120.0)
    batches = stream_windows("made.wav", classifier=classifier)
    first = next(batches)
    assert len(served) <= 4  # 17 windows need 27 s, and one block is decoded ahead
    assert first.starts.tolist() == [1.5 * k for k in range(16)]
    assert first.analysis is None

    rest = list(batches)
    assert [batch.analysis is not None for batch in rest] == [False] * (len(rest) - 1) + [True]
    analysis = rest[-1].analysis
    for field in ("probabilities", "silent"):
        joined = np.concatenate([getattr(batch, field) for batch in (first, *rest)])
        np.testing.assert_array_equal(joined, getattr(analysis, field))
    np.testing.assert_array_equal(np.concatenate([batch.starts for batch in (first, *rest)]), analysis.window_starts)


def test_progress_grows_to_the_whole_duration(classifier, read_from):
    read_from([make_tone("cel", 10.0)] * 9, duration=90.0)
    seen = []
    analyze("made.wav", classifier=classifier, on_progress=seen.append)
    assert [progress.stage for progress in seen] == ["opening", "listening", "listening", "listening", "done"]
    # A batch of 16 windows ends at 15 * 1.5 + 3 = 25.5 s, the next 24 s later.
    assert [progress.seconds_done for progress in seen] == [0.0, 25.5, 49.5, 73.5, 90.0]
    assert [progress.fraction for progress in seen[1:]] == pytest.approx([25.5 / 90, 49.5 / 90, 73.5 / 90, 1.0])
    assert all(progress.seconds_total == 90.0 for progress in seen[1:])


def test_progress_without_a_known_duration_has_no_fraction_until_the_end(classifier, read_from):
    read_from([make_tone("cel", 10.0)] * 9)
    fractions = [batch.progress.fraction for batch in stream_windows("made.wav", classifier=classifier)]
    assert fractions == [None, None, None, 1.0]


def test_progress_never_passes_the_end_if_the_file_states_too_short_a_duration(classifier, read_from):
    read_from([make_tone("cel", 10.0)] * 9, duration=5.0)
    fractions = [batch.progress.fraction for batch in stream_windows("made.wav", classifier=classifier)]
    assert all(0 < fraction <= 1 for fraction in fractions)


def test_cancelling_stops_before_the_next_batch_and_closes_the_file(classifier, read_from):
    reader = read_from([make_tone("cel", 10.0)] * 9)
    answers = iter([False, True])
    with pytest.raises(Cancelled, match=r"made\.wav"):
        analyze("made.wav", classifier=classifier, cancel=lambda: next(answers))
    assert classifier.batch_sizes == [16]
    assert not reader.is_open


def test_leaving_the_stream_early_closes_the_file(classifier, read_from):
    reader = read_from([make_tone("cel", 10.0)] * 9)
    batches = stream_windows("made.wav", classifier=classifier)
    next(batches)
    assert reader.is_open
    batches.close()
    assert not reader.is_open


def test_leaving_the_stream_early_waits_for_the_block_that_is_being_decoded(classifier, read_from):
    is_decoding, open_while_decoding = threading.Event(), []

    def decode_slowly():
        for number in range(9):
            if number == 3:
                is_decoding.set()
                time.sleep(0.2)
                open_while_decoding.append(reader.is_open)
            yield make_tone("cel", 10.0)

    reader = read_from(decode_slowly())
    batches = stream_windows("made.wav", classifier=classifier)
    next(batches)
    assert is_decoding.wait(60)
    batches.close()
    assert open_while_decoding == [True]
    assert not reader.is_open


def test_error_in_the_middle_of_a_recording_reaches_the_caller(classifier, read_from):
    def fail():
        yield make_tone("cel", 10.0)
        raise AudioError("made.wav is damaged.")

    reader = read_from(fail())
    with pytest.raises(AudioError, match="is damaged"):
        analyze("made.wav", classifier=classifier)
    assert not reader.is_open


def test_no_samples_are_an_error_that_names_the_file(classifier, read_from):
    read_from([])
    with pytest.raises(AudioError, match=r"made\.wav holds no sound"):
        analyze("made.wav", classifier=classifier)


def test_facts_and_warnings_of_the_file_are_kept(classifier, read_from):
    read_from([make_tone("cel", 4.0)])
    analysis = analyze("made.wav", classifier=classifier)
    assert (analysis.sample_rate, analysis.n_channels, analysis.audio_format) == (44_100, 2, "WAV")
    assert analysis.warnings == ("made.wav is cut off.",)


def test_progress_and_cancelling_may_be_given_by_position(classifier, read_from):
    read_from([make_tone("cel", 4.0)])
    seen = []
    analyze("made.wav", seen.append, lambda: False, classifier=classifier)
    assert seen[-1].stage == "done"


@pytest.mark.parametrize(
    ("sound", "part_of_warning"),
    [
        (np.full(1, 0.3, dtype=np.float32), "too short to tell instruments apart (<1 ms)"),
        (make_tone("cel", 0.1), "too short to tell instruments apart (0.1 s)"),
        (np.full(SAMPLE_RATE * 4, -0.5, dtype=np.float32), "constant offset (DC)"),
        (np.float32(0.9) + np.float32(0.1) * make_tone("cel", 4.0), "constant offset (DC)"),
    ],
    ids=["one sample", "a tenth of a second", "DC", "quiet tone on DC"],
)
def test_sound_that_tells_little_is_analysed_with_a_warning(sound, part_of_warning, classifier, read_from):
    read_from(in_blocks(sound, 7_000))
    (_, warning) = analyze("made.wav", classifier=classifier).warnings
    assert warning.startswith("made.wav ")
    assert part_of_warning in warning


@pytest.mark.parametrize(
    "sound",
    [
        make_tone("cel", 0.25),
        np.float32(0.01) + make_tone("cel", 4.0),
        np.full(SAMPLE_RATE * 4, 1e-5, dtype=np.float32),
    ],
    ids=["short note", "slight offset", "silence with the rounding of a converter"],
)
def test_ordinary_sound_gives_no_warning(sound, classifier, read_from):
    read_from([sound])
    assert analyze("made.wav", classifier=classifier).warnings == ("made.wav is cut off.",)


def test_content_and_a_name_can_be_given_instead_of_a_path(classifier, tmp_path):
    path = tmp_path / "upload.tmp"
    soundfile.write(path, make_tone("cel", 4), SAMPLE_RATE, format="FLAC")
    analysis = analyze(path.read_bytes(), classifier=classifier, name="Sonata.flac")
    assert analysis.audio_name == "Sonata.flac"
    assert analysis.decode().detected == ("cel",)


def test_a_denser_hop_gives_more_windows(classifier, read_from):
    read_from([make_tone("cel", 10.0)])
    analysis = analyze("made.wav", classifier=classifier, window_config=WindowConfig(hop_seconds=0.5))
    np.testing.assert_allclose(analysis.window_starts, 0.5 * np.arange(15))  # 1 + (10 - 3) / 0.5
    assert analysis.hop_seconds == 0.5


def test_a_hop_longer_than_a_window_is_refused(classifier, read_from):
    read_from([make_tone("cel", 10.0)])
    with pytest.raises(ValueError, match="hop"):
        analyze("made.wav", classifier=classifier, window_config=WindowConfig(hop_seconds=3.5))


def test_overview_shows_the_sound_that_was_analysed(classifier, read_from):
    read_from([make_tone("cel", 10.0, peak=0.25), make_tone("vio", 5.0, peak=0.5)])
    overview = analyze("made.wav", classifier=classifier).overview
    n_bins = len(overview.envelope)
    assert overview.envelope[: n_bins // 2].max() == pytest.approx(0.25, abs=1e-3)
    assert overview.envelope[-n_bins // 4 :].max() == pytest.approx(0.5, abs=1e-3)
    assert overview.spectrogram.shape == (128, 646)  # 240,000 / 372
    # 150 Hz lies in the fifth of 25 Hz wide steps, 5 kHz near the top.
    assert overview.spectrogram[:, 100].argmax() == 5
    assert overview.spectrogram[:, 600].argmax() > 90


def test_memory_does_not_grow_with_the_recording(classifier, read_from):
    def measure_peak(n_blocks):
        tone = make_tone("cel", 10.0)
        read_from(tone for _ in range(n_blocks))
        tracemalloc.start()
        try:
            analyze("made.wav", classifier=classifier)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    measure_peak(6)
    # Five more minutes of sound are 19 MB; 200 more windows are 11 kB of probabilities.
    assert measure_peak(42) - measure_peak(12) < 1_000_000


def test_time_is_measured_per_stage(classifier, read_from):
    read_from([make_tone("cel", 10.0)] * 3)
    times = StageTimes()
    analyze("made.wav", classifier=classifier, stage_times=times)
    assert set(times.seconds) == {"decode", "features", "network", "overview"}
    assert all(seconds > 0 for seconds in times.seconds.values())


def test_stopwatch_adds_up_and_leaves_out_what_happens_between_items(monkeypatch):
    now = iter([0.0, 1.0, 10.0, 12.0, 20.0, 20.5])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(now))
    times = StageTimes()
    assert list(times.measure_each("decode", ["a", "b"])) == ["a", "b"]
    assert times.seconds == {"decode": 3.5}


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, instrunet_widgets; print(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "numpy",
        "scipy",
        "pandas",
        "soundfile",
        "av",
        "onnxruntime",
        "rich",
        "argparse",
        "importlib.metadata",
    }
    assert heavy.isdisjoint(result.stdout.split())


def test_public_names_are_found_and_unknown_ones_refused():
    import instrunet_widgets

    assert instrunet_widgets.analyze is analyze
    assert set(instrunet_widgets.__all__) <= set(dir(instrunet_widgets))
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = instrunet_widgets.analyse
