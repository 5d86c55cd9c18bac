"""How long an analysis takes, by stage, and how much memory; run by hand.

    uv run --extra training python tests/benchmarks/benchmark_analyze.py [--hours 3] [--naive]

Makes its own MP3 files from the demo piece in a temporary folder. Every figure is of a process of its own;
"cold" is the first of them, the others are the median of three. "cpu" is the processor time of the whole process,
which a busy machine changes little. ``--naive`` compares with librosa.load, librosa's
mel spectrogram and ``model.predict`` window by window, in the same run. A benchmark, not a test: nothing passes or
fails here.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEASURE = """
import json, resource, sys, time
began = time.perf_counter()
from instrunet_widgets.pipeline import StageTimes, analyze
from instrunet_widgets.classifier import Classifier
started = time.perf_counter()
times = StageTimes()
with times.measure("load"):
    classifier = Classifier.load()
warm = time.perf_counter()
analysis = analyze(sys.argv[1], classifier=classifier, stage_times=times)
analysis.decode()
done = time.perf_counter()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"import": started - began, **times.seconds, "work": done - warm,
                  "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024,
                  "audio_seconds": analysis.duration}))
"""

IMPORT = """
import json, time
began = time.perf_counter()
import instrunet_widgets
print(json.dumps({"import": time.perf_counter() - began}))
"""

NAIVE = """
import json, os, resource, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
began = time.perf_counter()
import keras, librosa, numpy as np
from instrunet_widgets.model_folder import find_model
model = keras.saving.load_model(find_model() / "network.keras", compile=False)
warm = time.perf_counter()
y, _ = librosa.load(sys.argv[1], sr=16_000)
for start in range(0, max(1, len(y) - 24_000), 24_000):
    window = np.pad(y[start:start + 48_000], (0, max(0, 48_000 - len(y[start:start + 48_000]))))
    window = window / max(np.abs(window).max(), 1e-9)
    mel = librosa.feature.melspectrogram(y=window, sr=16_000, n_fft=2048, win_length=1486, hop_length=372,
                                         n_mels=128, fmin=0, fmax=8000)
    model.predict(librosa.power_to_db(mel, ref=np.max, top_db=80)[None], verbose=0)
done = time.perf_counter()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"import": warm - began, "work": done - warm,
                  "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}))
"""


def run(code: str, *arguments: str) -> dict[str, float]:
    """Run code in a process of its own; its figures and the time of the whole process."""
    began = time.perf_counter()
    command = [sys.executable, "-c", code, *arguments]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {**json.loads(output.splitlines()[-1]), "process": time.perf_counter() - began}


def write_mp3(path: Path, seconds: float) -> None:
    """The demo piece over and over, 44.1 kHz stereo MP3."""
    import soundfile

    from instrunet_widgets.examples import example_path

    piece, rate = soundfile.read(example_path(), dtype="float32", always_2d=True)
    with soundfile.SoundFile(path, "w", rate, 2, format="MP3") as file:
        for second in range(int(seconds)):
            start = second * rate % (len(piece) - rate)
            file.write(piece[start : start + rate])


def show(name: str, figures: dict[str, float]) -> None:
    """Print one line."""
    parts = [f"{key} {value:.2f}" for key, value in figures.items() if key not in ("peak_mb", "audio_seconds")]
    print(f"{name:28} {'  '.join(parts)}  peak {figures['peak_mb']:.0f} MB")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=0.0, help="also a long MP3 of so many hours")
    parser.add_argument("--naive", action="store_true", help="also the straightforward way")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder, "short.mp3")
        write_mp3(short, 180)
        show("3 minutes, cold (s)", run(MEASURE, str(short)))
        runs = [run(MEASURE, str(short)) for _ in range(3)]
        median = {key: statistics.median(figures[key] for figures in runs) for key in runs[0]}
        show("3 minutes, median (s)", median)
        print(f"{'real-time factor':28} {median['audio_seconds'] / median['process']:.0f} times as fast as it plays")
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "instrunet_widgets", "analyze", str(short)], capture_output=True, check=True
        )
        print(f"{'instrunet analyze (s)':28} {time.perf_counter() - began:.2f}")
        imports = [run(IMPORT)["import"] for _ in range(3)]
        print(f"{'import instrunet_widgets (s)':28} {statistics.median(imports):.3f}")
        if args.naive:
            show("straightforward, 3 minutes", run(NAIVE, str(short)))
        if args.hours:
            long = Path(folder, "long.mp3")
            write_mp3(long, args.hours * 3600)
            show(f"{args.hours:g} hours (s)", run(MEASURE, str(long)))


if __name__ == "__main__":
    main()
