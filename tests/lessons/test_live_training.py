"""The training to watch, from run to run."""

from __future__ import annotations

import asyncio

import pytest
from test_training_widgets import run_fake
from test_widgets import texts_of

from instrunet_widgets.lessons import live_training
from instrunet_widgets.lessons import training_experiments as lesson


def test_what_the_run_before_left_is_not_shown_as_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_training, "train_trial", run_fake)
    fake = lesson.LiveTraining()
    fake.epochs.value = 5
    fake.button.click()
    assert "Notes <b>66 of 132</b>" in texts_of(fake)
    fake.epochs.value = 3

    async def use() -> None:
        fake.button.click()
        fake.stop_button.click()
        await fake.task

    asyncio.run(use())
    assert "No epoch was whole" in texts_of(fake)
    assert not any(line.visible for line in (*fake._lines.values(), fake._now))
    assert fake._before.visible
    assert fake._before.y.tolist() == pytest.approx([0.1, 0.11, 0.12])
    assert "Notes <b>" not in texts_of(fake)
    assert fake.chart not in fake._results.children
    assert texts_of(fake).count("<td>AdamW</td>") == 1  # the table of all runs stays
    fake.button.click()
    assert fake._now.y.tolist() == pytest.approx([0.1, 0.11, 0.12])
    assert "Notes <b>66 of 132</b>" in texts_of(fake)
    assert fake.chart in fake._results.children
