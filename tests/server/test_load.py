"""The load benchmark with few users: all of them are served, whatever the time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import benchmark_serving

pytestmark = pytest.mark.slow


def test_four_users_at_once_are_served_without_errors() -> None:
    outcome = benchmark_serving.measure(4, seconds=300)
    assert outcome.errors == []
    assert {step: len(found) for step, found in outcome.seconds.items()} == dict.fromkeys(benchmark_serving.STEPS, 4)
    assert outcome.n_kernels >= 4
    assert 0 < outcome.kernel_mb < outcome.kernels_mb
    assert "4 users, 0 errors" in outcome.describe()


@pytest.mark.parametrize(("n_users", "within", "seconds"), [(0, 0, 60), (51, 0, 60), (4, 60, 60), (4, 0, 901)])
def test_benchmark_is_bounded(n_users: int, within: float, seconds: float) -> None:
    with pytest.raises(ValueError, match="1 to 50 users"):
        benchmark_serving.measure(n_users, within=within, seconds=seconds)
