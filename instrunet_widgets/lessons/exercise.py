"""Exercises: the learner hands something in and gets "Right", or a hint. Never an exception, never a wrong pass."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import ipywidgets as widgets

from .judging import RIGHT, Judge, NotAnswered, tell_error
from .panel import Panel

State = Literal["right", "wrong", "open"]
_FOLDED = "Run the cell again when you have an answer; a solution is in the folded cell below."
_ON_A_PAGE = "This one is answered in JupyterLab, where you can write code."


@dataclass(frozen=True)
class Feedback:
    """What a learner is told.

    Parameters
    ----------
    state : {"right", "wrong", "open"}
        "open" if nothing was handed in yet.
    text : str
        Plain text; praise or a hint.
    """

    state: State
    text: str

    @property
    def is_right(self) -> bool:
        """Whether the answer passes."""
        return self.state == "right"

    def __repr__(self) -> str:
        return {"right": "Right. ", "wrong": "Not yet. ", "open": "Not answered yet. "}[self.state] + self.text

    def _repr_html_(self) -> str:
        word = {"right": "Right.", "wrong": "Not yet.", "open": "Your turn."}[self.state]
        text = html.escape(self.text)
        if self.state == "open":
            text = f'<span class="in-not-page">{text} {_FOLDED}</span><span class="in-only-page">{_ON_A_PAGE}</span>'
        return f'<div class="instrunet in-feedback is-{self.state}" role="status"><b>{word}</b> {text}</div>'


class Exercise:
    """One exercise.

    Parameters
    ----------
    judge : callable
        Says what is wrong with an answer; see `judging`.
    hint : str
        How to go about it, in a sentence or two.
    praise : str
        What the right answer shows, in a sentence.
    options : dict, optional
        For `ask`: what can be chosen, label by label. Without options a number is asked for.
    """

    def __init__(self, judge: Judge, *, hint: str, praise: str, options: dict[str, Any] | None = None) -> None:
        self._judge = judge
        self.hint = hint
        self.praise = praise
        self.options = options

    def check(self, answer: Any) -> Feedback:
        """Judge an answer.

        Parameters
        ----------
        answer : object
            A value, or a function that the learner wrote. Whatever it is or does, a `Feedback` comes back.

        Returns
        -------
        feedback : Feedback
        """
        if answer is None or answer is Ellipsis:
            return Feedback("open", self.hint)
        try:
            fault = self._judge(answer)
        except NotAnswered:
            return Feedback("open", self.hint)
        except (Exception, SystemExit) as error:
            return Feedback("wrong", f"It stopped with {tell_error(error)} {self.hint}")
        if fault == RIGHT:
            return Feedback("right", self.praise)
        return Feedback("wrong", f"{fault} {self.hint}")

    def confirm(self, answer: Any) -> None:
        """Check a solution; what the hidden cells do. Shows nothing.

        Raises
        ------
        AssertionError
            If the answer is not right.
        """
        feedback = self.check(answer)
        if not feedback.is_right:
            raise AssertionError(f"the solution is not right: {feedback!r}")

    def ask(self, read: Callable[[], Any] | None = None) -> AnswerBox:
        """Let the answer be given on the page, without code.

        Parameters
        ----------
        read : callable, optional
            Gives the answer, such as the settings of a widget; without it there is a box to give it in.
        """
        return AnswerBox(self, read)


class AnswerBox(Panel):
    """A question's answer, a button, and what comes of it.

    Parameters
    ----------
    exercise : Exercise
    read : callable, optional
        Gives the answer in place of a box.

    Attributes
    ----------
    answer : ipywidgets.Dropdown or ipywidgets.Text or None
    button : ipywidgets.Button
    feedback : Feedback or None
        None until the button is pressed.
    """

    def __init__(self, exercise: Exercise, read: Callable[[], Any] | None = None) -> None:
        self._exercise, self._read = exercise, read
        self.feedback: Feedback | None = None
        self.answer: widgets.Widget | None = None
        if read is None and exercise.options is None:
            self.answer = widgets.Text(placeholder="a number")
        elif read is None:
            self.answer = widgets.Dropdown(options=[("choose ...", ""), *(exercise.options or {}).items()])
        self.button = widgets.Button(description="Check" if read is None else "Hand in the settings above")
        self._message = widgets.HTML()
        line = widgets.HBox([self.button] if self.answer is None else [self.answer, self.button])
        line.add_class("in-answer")
        super().__init__([line, self._message])
        self.button.on_click(self._check)

    def _check(self, _: Any) -> None:
        self.feedback = self._exercise.check(self._find_answer())
        if self.feedback.state == "open":
            what = "Give a number" if self._exercise.options is None else "Choose an answer"
            self.feedback = Feedback("wrong", f"{what} first. {self._exercise.hint}")
        self._message.value = self.feedback._repr_html_()

    def _find_answer(self) -> Any:
        if self._read is not None:
            return self._read()
        given = self.answer.value if self.answer is not None else ""
        if self._exercise.options is None:
            return _parse_number(given)
        return None if given == "" else given


def _parse_number(text: str) -> float | str | None:
    """The number that was typed; the text itself if it is none, None if there is nothing."""
    text = re.sub(r"\s", "", text).removesuffix("%")
    text = text.replace(",", "") if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", text) else text.replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return text
