"""``instrunet analyze``: name the instruments of recordings."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..config import AGGREGATIONS, MAX_SMOOTHING_WINDOWS, DecodingConfig
from ..errors import InstruNetError
from ..export import FORMATS, ExportFormat
from ..plotting import CHART_KEYS, ImageConfig
from ..plotting.image_config import LARGEST_PIXELS, SMALLEST_PIXELS
from .terminal import make_console, print_error

if TYPE_CHECKING:
    from ..classifier import Classifier
    from ..results import Analysis
    from .outputs import OutputPlan
    from .table import SummaryRow

_DESCRIPTION = """\
Say which instruments are heard in a recording, how sure that is, and when they
play."""
_EPILOG = """\
examples:
  instrunet analyze --example
  instrunet analyze song.mp3
  instrunet analyze song.mp3 --threshold 0.4 --smoothing 5 --min-duration 3
  instrunet analyze *.wav --csv all.csv      one table, a row for each recording
  instrunet analyze *.wav --json results/    a file for each, in a folder
  instrunet analyze *.wav --json - | jq .    a line of JSON for each recording

The network names eleven instruments: cello, clarinet, flute, acoustic guitar,
electric guitar, organ, piano, saxophone, trumpet, violin and voice.
Exit status: 0 if all went well, 1 if something failed, 2 if the arguments make
no sense.
"""


def add_parser(subparsers: Any) -> None:
    """Add ``analyze`` to the command line."""
    defaults = DecodingConfig()
    parser = subparsers.add_parser(
        "analyze",
        help="name the instruments of recordings",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "audio",
        nargs="*",
        metavar="AUDIO",
        help="WAV, MP3, FLAC, OGG, Opus, AIFF or M4A files, of any length",
    )
    parser.add_argument(
        "--example", nargs="?", const="", metavar="NAME", help="analyse a piece that comes with InstruNet"
    )
    reading = parser.add_argument_group("reading the network's answer")
    reading.add_argument(
        "--aggregation",
        choices=AGGREGATIONS,
        default=defaults.aggregation,
        help="how windows are joined into one score: mean for what characterises the recording, "
        "max for what is heard anywhere (default: %(default)s)",
    )
    reading.add_argument(
        "--threshold",
        type=parse_threshold,
        default=defaults.threshold,
        metavar="X",
        help="from which confidence on an instrument counts as heard, 0 to 1, or auto for the network's own "
        "value for each instrument (default: %(default)s)",
    )
    reading.add_argument(
        "--smoothing",
        type=parse_smoothing,
        default=defaults.smoothing_windows,
        metavar="N",
        help=f"moving average over 1 to {MAX_SMOOTHING_WINDOWS} windows (default: %(default)s)",
    )
    reading.add_argument(
        "--min-duration",
        type=parse_min_duration,
        default=defaults.min_segment_seconds,
        metavar="S",
        help="leave out time ranges shorter than this many seconds (default: %(default)g)",
    )
    reading.add_argument("--model", metavar="DIR", help="a network of your own, made by 'instrunet train'")
    _add_output_arguments(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def _add_output_arguments(parser: argparse.ArgumentParser) -> None:
    outputs = parser.add_argument_group(
        "results as files",
        "PATH is a file; with several recordings it is a folder for a file each,\n"
        "or one file for all of them if it ends in the extension of a table (.csv,\n"
        ".npz, .parquet)",
    )
    for format_ in FORMATS:
        to_stdout = "; - for a line each on standard output" if _is_json(format_) else ""
        outputs.add_argument(
            f"--{format_.key}",
            dest=f"output_{format_.key}",
            metavar="PATH",
            help=f"{format_.description.rstrip('.')}{to_stdout}".replace("%", "%%"),
        )
    outputs.add_argument(
        "--chart",
        choices=CHART_KEYS,
        metavar="NAME",
        help=f"for --png and --svg: {', '.join(CHART_KEYS)} (default: all)",
    )
    outputs.add_argument(
        "--size", type=parse_size, metavar="WxH", help="for --png and --svg: pixels (default: 1600x1400)"
    )
    outputs.add_argument("--title", metavar="TEXT", help="for --png and --svg: instead of the recording's name")
    outputs.add_argument("--force", action="store_true", help="replace files that exist")


def run(args: argparse.Namespace) -> int:
    """Analyse the recordings and show or write the results.

    Parameters
    ----------
    args : argparse.Namespace
        As `add_parser` describes them.

    Returns
    -------
    status : int
        0, or 1 if a recording failed.

    Raises
    ------
    InstruNetError
        If nothing can be analysed: an output or the network is unusable.
    """
    config = DecodingConfig(args.aggregation, args.threshold, args.smoothing, args.min_duration)
    recordings = _choose_recordings(args)
    wishes = _read_wishes(args)

    from ..classifier import Classifier
    from .outputs import plan_outputs

    plan = plan_outputs(wishes, recordings, force=args.force, image=_read_image(args, wishes))
    return _analyze_all(recordings, Classifier.load(args.model), config, plan)


def parse_threshold(text: str) -> float | Literal["auto"]:
    """Read ``--threshold``."""
    if text.strip().lower() == "auto":
        return "auto"
    try:
        return DecodingConfig(threshold=float(text)).threshold
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, or auto, not {text!r}") from None


def parse_smoothing(text: str) -> int:
    """Read ``--smoothing``."""
    try:
        return DecodingConfig(smoothing_windows=int(text)).smoothing_windows
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a whole number of windows from 1 to {MAX_SMOOTHING_WINDOWS}, not {text!r}"
        ) from None


def parse_min_duration(text: str) -> float:
    """Read ``--min-duration``."""
    try:
        return DecodingConfig(min_segment_seconds=float(text)).min_segment_seconds
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, 0 or more, not {text!r}") from None


def parse_size(text: str) -> tuple[int, int]:
    """Read ``--size``."""
    try:
        width, height = (int(part) for part in text.lower().split("x"))
        ImageConfig(width=width, height=height)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a width and a height from {SMALLEST_PIXELS} to {LARGEST_PIXELS} pixels, as in 1600x1400, "
            f"not {text!r}"
        ) from None
    return width, height


def expand_wildcards(audio: str) -> list[Path]:
    """Give the files that a name with ``*`` or ``?`` stands for; the name itself if there are none."""
    return [Path(name) for name in sorted(glob(audio))] or [Path(audio)]  # noqa: PTH207  (names may be absolute)


def _choose_recordings(args: argparse.Namespace) -> list[Path]:
    # A Windows shell passes *.wav on as it is; other shells have expanded it, and what is left is a name.
    expand = expand_wildcards if os.name == "nt" else lambda audio: [Path(audio)]
    recordings = [path for audio in args.audio for path in expand(audio)]
    if args.example is None:
        if not recordings:
            args.usage_error("give at least one AUDIO file, or --example")
        return recordings
    from ..examples import example_names, example_path

    names = example_names()
    if args.example and args.example not in names:
        args.usage_error(f"there is no example {args.example!r}; there are: {', '.join(names)}")
    return [Path(example_path(args.example or None)), *recordings]


def _read_wishes(args: argparse.Namespace) -> dict[ExportFormat, str]:
    wishes = {}
    for format_ in FORMATS:
        wish = getattr(args, f"output_{format_.key}")
        if wish == "":
            args.usage_error(f"argument --{format_.key}: PATH is empty")
        if wish == "-" and not _is_json(format_):
            args.usage_error(f"argument --{format_.key}: only --json can write to standard output (-)")
        if wish is not None:
            wishes[format_] = wish
    return wishes


def _read_image(args: argparse.Namespace, wishes: Mapping[ExportFormat, str]) -> ImageConfig:
    given = {"chart": args.chart, "size": args.size, "title": args.title}
    for name, value in given.items():
        if value is not None and not any(format_.is_image for format_ in wishes):
            args.usage_error(f"argument --{name}: only goes with --png or --svg")
    defaults = ImageConfig()
    width, height = args.size or (defaults.width, defaults.height)
    return ImageConfig(args.chart or defaults.chart, width, height, args.title)


def _is_json(format_: ExportFormat) -> bool:
    return format_.key == "json"


def _analyze_all(recordings: Sequence[Path], classifier: Classifier, config: DecodingConfig, plan: OutputPlan) -> int:
    """Analyse one recording after another; one that fails does not stop the others."""
    from ..pipeline import analyze
    from .progress import ProgressDisplay
    from .table import SummaryRow, print_report, print_summary, summarise

    rows: list[SummaryRow] = []
    done: list[Analysis] = []
    n_failed = 0
    with ProgressDisplay(len(recordings)) as display:
        for index, recording in enumerate(recordings):
            display.begin(recording.name, index + 1)
            try:
                analysis = analyze(recording, classifier=classifier, on_progress=display.update)
                display.hide()
                for warning in analysis.warnings:
                    print_error(f"warning: {warning}")
                plan.write_recording(index, analysis, config)
            except InstruNetError as error:
                display.hide()
                print_error(str(error))
                rows.append(SummaryRow(recording.name, None, remark="failed"))
                n_failed += 1
                continue
            rows.append(summarise(analysis, analysis.decode(config)))
            # The pictures are written by now; a thousand of them would not fit in memory.
            done.append(analysis if len(recordings) == 1 else dataclasses.replace(analysis, overview=None))
    if not plan.has_json_lines:
        if len(recordings) > 1:
            print_summary(make_console(), rows)
        elif done:
            print_report(make_console(), done[0], done[0].decode(config))
    if done:
        plan.write_tables(done, config)  # last: a full disk must not cost the results on the screen
    return 1 if n_failed else 0
