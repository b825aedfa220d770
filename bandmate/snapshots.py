"""What screens and the next band see: the status, the alarm line, and the state to go on from.

Functions on a `Band`, called from `Band.step`, and by whoever makes a band from a saved state.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandmate.errors import BandmateError
from bandmate.events import Moment, Status
from bandmate.harmony import Chord
from bandmate.mixing import recall, transposed
from bandmate.patch import as_table, parse
from bandmate.steering import set_clock
from bandmate.timing import Meter

if TYPE_CHECKING:
    from bandmate.band import Band

STATUS_STEPS = 10  # a snapshot for the screens every 50 ms
ALARM_S = 8.0


def status(band: Band, now_s: float, moment: Moment) -> Status | None:
    """The snapshot for the screens, when one is due or the state has changed."""
    band.steps += 1
    if band.steps % STATUS_STEPS and moment.state == band.shown_state:
        return None
    band.shown_state = moment.state
    transport, heard = band.transport, band.heard
    figure = next((f.kind for f in band.form.figures if f.holds(moment.beat)), band.form.ending)
    parts = {
        p: "on" if p in band.playing else "waiting" if p in band.waiting else "off" for p in band.patch.parts
    }
    return Status(
        now_s, transport.state, song=band.song, style=str(band.params["style"]),
        bpm=moment.beatmap.bpm / moment.meter.pulse_beats, home_bpm=transport.home_bpm,
        confidence=heard.confidence, tracker=heard.state, heard_bpm=heard.pulse_bpm or 0.0,
        source=heard.source, bar=moment.bar + 1,
        pulse=int((moment.beat - moment.bar_beat) / moment.meter.pulse_beats + 1e-6) + 1,
        meter=str(moment.meter), section=band.form.section,
        chord=str(band.chord or ""), next_chord=str(heard.ahead or ""),
        key=band.listener.chords.tonality.name,
        beat0_s=transport.beatmap.time_at(transport.start_beat) if transport.state != "off" else None,
        figure=figure, parts=parts, params=band.params | {"section": float(band.form.section)},
        counters={"late": band.scheduler.late, "dropped": band.scheduler.dropped},
        alarm=band.alarm_text if now_s - band.alarm_s < ALARM_S else "",
    )  # fmt: skip


def state_if_due(band: Band, moment: Moment) -> dict[str, Any] | None:
    """Everything to go on from, once a bar and whenever the transport changes state."""
    mark = (moment.bar if moment.running else -1, moment.state)
    if mark == band.saved_mark:
        return None
    band.saved_mark = mark
    return state_now(band)


def state_now(band: Band) -> dict[str, Any]:
    """All that a restarted or resumed band needs, as plain JSON values."""
    return {
        "transport": band.transport.state_now(), "form": band.form.state_now(),
        "patch": band.patch.name, "table": as_table(band.patch),
        "params": dict(band.params), "playing": sorted(band.playing),
        "chord": str(band.chord or ""), "song": band.song,
    }  # fmt: skip


def restore(band: Band, saved: dict[str, Any], now_s: float) -> None:
    """Go on where a dead band was: back in on the next downbeat."""
    band.params |= saved["params"]
    band.transport.meter = Meter.parse(str(band.params["meter"]))
    band.transport.count_in_bars = int(float(band.params["count-in"]))
    band.transport.join_free = band.params["join"] == "free"
    band.listener.set_meter(band.transport.meter)
    band.pin_key()
    with contextlib.suppress(BandmateError):  # the sounds of another version: then those of the rig
        recall(band, parse(saved["table"], Path(f"{saved['patch']}.toml")))
    band.params |= saved["params"]
    transposed(band)
    band.transport.restore(saved["transport"], now_s)
    set_clock(band)
    band.form.restore(saved["form"])
    end_beat = band.form.end_beat
    if saved["transport"]["state"] == "ending" and (end_beat is None or end_beat < band.transport.start_beat):
        band.transport.state = "off"  # a fade, a ritard, or a stroke that has passed meanwhile
        band.form.begin()
    band.playing = set(saved["playing"])
    band.chord = Chord.parse(saved["chord"]) if saved["chord"] else None
    band.song = saved["song"]
