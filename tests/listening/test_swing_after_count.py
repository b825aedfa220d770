"""A counted pulse is kept under sparse, swung comping: off-beats between half and two thirds turn nothing."""

from __future__ import annotations

import pytest

from bandmate.bench.grooves import excerpts
from bandmate.bench.pulse import RIGHT, announced, score

SWING = excerpts("swing comping")


@pytest.mark.parametrize("number", [6, 8])
def test_sparse_off_beats_keep_the_counted_pulse(number: int) -> None:
    assert score(announced(SWING[number]), SWING[number]) >= RIGHT
