"""`bandmate bench --speed`: what a take of a jam says about the model, and what its tables say."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest

from bandmate import patch as patches
from bandmate.bench import hour, in_time
from bandmate.carrier import Carrier
from bandmate.events import Command, NoteOff, NoteOn, Phrase
from bandmate.mind import Mind
from bandmate.rehearsal import make_band
from bandmate.show.demo import load_demo
from bandmate.show.take import Header, Take
from bandmate.timing import step_index, step_time_s
from tests.conftest import STYLES

SLOT_S = 0.25  # at 120
LENGTH_S = 9.0


def answer(ask):
    """A kick and a bass root on every beat; to every fourth ask, nothing."""

    def phrase(beat, rung):
        notes = () if beat % 1 else ((0, 0, 36, 100, 1, 0), (1, 0, 36, 90, 10, 0))
        return Phrase(0.0, beat, rung, notes, (("0:", 0.9),) * 9, ask.number)

    return [] if ask.number % 4 == 3 else [phrase(ask.beat, "fresh"), phrase(ask.beat + 0.5, "tail")]


def jam(delay_ms):
    """The take of a jam at 120 in which the model answered so late."""
    header = Header(patches.load("bench"), 1, {"bpm": 120.0, "follow": 0.0})
    band, carrier = make_band(header, STYLES), Carrier(answer, delay_ms)
    band.mind = Mind()
    wanted = [Command(0.0, "arm", source="test"), Command(0.0, "start", source="test")]
    for beat in range(int(LENGTH_S * 2)):
        wanted += [NoteOn(beat / 2, pitch, 80) for pitch in (48, 60, 64, 67)]
        wanted += [NoteOff(beat / 2 + 0.4, pitch) for pitch in (48, 60, 64, 67)]
    waiting, events = deque(sorted(wanted, key=lambda event: event.time_s)), []
    for step in range(step_index(LENGTH_S)):
        due = carrier.due(step)
        while waiting and step_index(waiting[0].time_s) <= step:
            due.append(waiting.popleft())
        events += [(step, event) for event in due]
        carrier.carry(step, band.step(step_time_s(step), due).asks)
    return Take("jam", tuple(events), LENGTH_S, header), band


def windows(*edges_s):
    return [in_time.Window("console", from_s, until_s) for from_s, until_s in edges_s]


def test_a_take_says_on_which_rungs_its_slots_were_played():
    take, band = jam(20.0)
    stretches = windows((4.0, 6.0), (6.0, 8.0), (0.0, 8.9))
    first, second, whole, again = in_time.read(take, [*stretches, replace(stretches[0], late=3)], 120.0)
    for row in (first, second):
        assert row["rungs"] == {"fresh": 6, "tail": 2, "understudy": 0, "held": 0}
        assert (row["slots"], row["isr"]) == (8, 1.0)
        assert row["isr_w"] == pytest.approx((6 + 2 * 15 / 16) / 8)
        assert row["answer_ms"] == pytest.approx({"p50": 20.0, "p99": 20.0})
        assert 0 < row["recency_ms"]["p50"] <= row["recency_ms"]["p95"] < 500
        assert row["recency_slots"]["p95"] == pytest.approx(row["recency_ms"]["p95"] / (SLOT_S * 1000))
    assert again == first | {"late": first["late"] + 3}  # what the sound process counted
    assert whole["rungs"] == {rung: band.mind.rungs[rung] for rung in whole["rungs"]}  # the replay is exact


def test_a_model_that_is_too_slow_is_a_slot_behind_and_then_too_late():
    slow, _ = jam(100.0)
    (row,) = in_time.read(slow, windows((4.0, 8.0)), 120.0)
    assert row["rungs"]["fresh"] == 0
    assert row["rungs"]["tail"] > 0
    assert row["isr_w"] == pytest.approx(row["isr"] * 15 / 16)
    slower, _ = jam(2000.0)
    (row,) = in_time.read(slower, windows((4.0, 8.0)), 120.0)
    assert (row["isr"], row["rungs"]["understudy"] + row["rungs"]["held"]) == (0.0, row["slots"])


def test_the_table_has_a_line_for_each_tempo_and_neighbour():
    gone = {"p50": None, "p95": None}
    row = {
        "bpm": 120.0, "beside": "console", "slots": 60, "isr": 1.0, "isr_w": 0.9958, "late": 2,
        "rungs": {"fresh": 56, "tail": 4, "understudy": 0, "held": 0}, "recency_ms": gone,
        "answer_ms": {"p50": 25.1, "p99": 40.2}, "recency_slots": {"p50": 0.36, "p95": 0.98},
    }  # fmt: skip
    lines = in_time.table([row, row | {"beside": "console, hog"}]).splitlines()
    assert lines[0].split()[:5] == ["bpm", "beside", "slots", "ISR", "ISR_w"]
    assert lines[1].split()[:7] == ["120", "console", "60", "1.0000", "0.9958", "25", "/"]
    assert lines[1].split()[-7:] == ["/", "0.98", "2", "56", "4", "0", "0"]
    assert lines[2].startswith("120  console, hog  60")


def test_the_demo_is_played_at_the_tempo_that_is_asked_for(tmp_path):
    fast, slow = (load_demo(str(in_time.demo_at(bpm, tmp_path))) for bpm in (240.0, 90.0))
    assert (fast.bpm, slow.bpm) == (240.0, 90.0)
    assert slow.length_s / fast.length_s == pytest.approx(240 / 90, rel=0.02)


def test_an_hour_is_told_by_its_first_and_its_last_weight():
    found = {"weighed": [(1200, 310.2), (14400, 311.7)], "rungs": {"fresh": 14400}, "wall_s": 300.0}
    said = hour.table(found)
    assert "310 MB after 1200 slots, 312 MB after 14400 (bar: 600)" in said
    assert "nobody tells" in hour.table(found | {"weighed": []})
