"""What a lesson says where it cannot go on: one line, and no traceback."""

from __future__ import annotations

import html
import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from ..errors import FeatureFolderError, InstruNetError, ModelError
from ..wording import escape_unprintable

# A page made by Voila replaces every error by a sentence of its own; the notice says it there.
_PAGE_STYLE = (
    "<style>body:not([data-voila]) .in-notice { display: none }"
    'body[data-voila] [data-mime-type="application/vnd.jupyter.stderr"] { display: none }</style>'
)
_AGAIN = "it comes with InstruNet: clone the repository or install the package again"


class LessonStop(InstruNetError):
    """A notebook cannot go on; the message says why and what to do. Shown as that one line."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [str(self)]


@contextmanager
def stop_on_error() -> Iterator[None]:
    """Turn an `InstruNetError` inside the block, or a file that cannot be read, into a `LessonStop`.

    Raises
    ------
    LessonStop
    """
    try:
        yield
    except LessonStop:
        raise
    except ModelError as error:
        reason = str(error).partition("; ")[0].rstrip(".")  # its advice is for the command line
        reason = reason[0].upper() + reason[1:]
        stop(
            f"{reason}. Clone the repository again, or set INSTRUNET_MODEL to another network's folder; then start "
            "Jupyter again."
        )
    except FeatureFolderError as error:
        stop(f"{str(error).rstrip('.')}; {_AGAIN}.")
    except InstruNetError as error:
        stop(str(error))
    except OSError as error:
        stop(f"{error.filename or 'A file'} cannot be read ({error.strerror or error}); {_AGAIN}.")


def stop(sentence: str) -> NoReturn:
    """End the notebook here.

    Parameters
    ----------
    sentence : str
        What is wrong and what to do.

    Raises
    ------
    LessonStop
        Always.
    """
    from IPython.display import HTML, display

    sentence = " ".join(sentence.split())
    display(HTML(f'{_PAGE_STYLE}<p class="in-notice" role="alert">{html.escape(sentence)}</p>'))
    raise LessonStop(sentence) from None


def show_problems(title: str, sentences: Sequence[str]) -> None:
    """Say what is wrong with some files, a line each, and go on; nothing is shown where there is nothing to say.

    Parameters
    ----------
    title : str
        What has become of them, for example ``"Left out"``.
    sentences : sequence of str
        With or without a full stop. What comes from file names is escaped.
    """
    from IPython.display import HTML, display

    lines = [html.escape(f"{title}: {escape_unprintable(sentence).removesuffix('.')}.") for sentence in sentences]
    if lines:
        display(HTML("".join(f'<p role="alert">{line}</p>' for line in lines)))


def require_extra(notebook: str, *libraries: str) -> None:
    """Stop where libraries of the extra ``training`` are not installed.

    Parameters
    ----------
    notebook : str
        Name of the lesson's file, without its ending.
    *libraries : str
        Names to import, for example ``"keras"``.

    Raises
    ------
    LessonStop
    """
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        stop(
            f"This lesson needs {' and '.join(missing)}, of the extra 'training': stop Jupyter and start it with "
            "'uv run --extra lab --extra training jupyter lab notebooks' (or Voila with 'uv run --extra training voila "
            f"notebooks/{notebook}.ipynb'; without uv, first 'pip install -e .[training]')."
        )
