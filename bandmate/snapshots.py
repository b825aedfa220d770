"""What screens and the next band see: the status, the alarm line, and the state to go on from.

Functions on a `Band`, called from `Band.step`, and by whoever makes a band from a saved state.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandmate import landing, mooding, night, trading, undoing
from bandmate.errors import BandmateError
from bandmate.events import Moment, Status
from bandmate.harmony import Chord
from bandmate.lineup import set_clock
from bandmate.maps import as_table as as_row
from bandmate.maps import read_rows
from bandmate.mixing import recall, silent, transposed
from bandmate.outlook import leash, outlook
from bandmate.patch import as_table, parse
from bandmate.plan import FOREVER
from bandmate.timing import Meter

if TYPE_CHECKING:
    from bandmate.band import Band

STATUS_STEPS = 10  # a snapshot for the screens every 50 ms
ALARM_S = 8.0


def status(band: Band, now_s: float, moment: Moment) -> Status | None:
    """The snapshot for the screens, when one is due, the state has changed, or a pulse begins."""
    band.steps += 1
    pulse = int((moment.beat - moment.bar_beat) / moment.meter.pulse_beats + 1e-6) + 1
    mark = (moment.state, moment.bar, pulse) if moment.running else (moment.state, 0, 0)
    if band.steps % STATUS_STEPS and mark == band.shown_mark:
        return None
    band.shown_mark = mark
    transport, heard = band.transport, band.heard
    figure = next((f.kind for f in band.form.figures if f.holds(moment.beat)), band.form.ending)
    parts = {
        p: "on" if p in band.playing else "waiting" if p in band.waiting else "off" for p in band.patch.parts
    }
    return Status(
        now_s, transport.state, song=band.song, style=str(band.params["style"]),
        bpm=moment.beatmap.bpm / moment.meter.pulse_beats, home_bpm=transport.home_bpm,
        confidence=heard.confidence, tracker=heard.state, heard_bpm=heard.pulse_bpm or 0.0,
        source="clock" if transport.rung == "sync" else heard.source,
        bar=moment.bar - band.road.first_bar + 1, pulse=pulse,
        meter=str(moment.meter), section=band.form.section,
        chord=str(band.chord or ""), guessed=band.guessed, **_written(band, moment),
        beat0_s=transport.beatmap.time_at(transport.start_beat) if transport.state != "off" else None,
        figure=figure, parts=parts, params=band.params | {"section": float(band.form.section)},
        counters={"late": band.scheduler.late, "dropped": band.scheduler.dropped},
        rung=band.mind.rung if band.mind is not None else "understudy",
        alarm=band.alarm_text if now_s - band.alarm_s < ALARM_S else "", **mooding.shown(band, now_s),
        beat=moment.beat, place=band.night.place, undo=undoing.words(band),
        pending=landing.shown(band, moment) if moment.running else (),
        trade=trading.shown(band, moment), leash=leash(band), set_s=now_s,
        rungs=dict(band.mind.rungs) if band.mind is not None else {}, **_mixer(band, now_s),
    )  # fmt: skip


def _mixer(band: Band, now_s: float) -> dict[str, Any]:
    """How loud everybody is, what they have just played, and how the mixer stands."""
    params, parts = band.params, band.patch.parts
    return {
        "levels": band.gauges.levels(band, now_s), "notes": band.gauges.taken(),
        "density": {part: float(params[f"part/{part}/density"]) for part in parts},
        "reverb": {
            part: own if share < 0 else share for part in parts
            for own, share in ((band.patch.sounds[part].reverb, float(params[f"part/{part}/reverb"])),)
        },
        "muted": tuple(part for part in parts if float(params[f"part/{part}/mute"]) >= 0.5),
        "soloed": tuple(part for part in parts if float(params[f"part/{part}/solo"]) >= 0.5),
    }  # fmt: skip


def _next_chord(band: Band, moment: Moment) -> str:
    """The chord that comes next: the chart's, the loop's, or the one that is expected."""
    plan = band.plan
    if moment.running and plan.charted(moment.beat):
        change = plan.next_change(moment.beat)
        return "" if change is None else str(plan.chart(change) or "")
    return str((moment.running and plan.coming_of_loop(moment.beat)) or band.heard.ahead or "")


def _song(band: Band, moment: Moment) -> dict[str, Any]:
    """Where the evening and the song are."""
    evening, road = band.night, band.road
    shown: dict[str, Any] = {"plan_source": band.plan.source(moment.beat if moment.running else -FOREVER)}
    song, entry = evening.song, evening.entry
    if entry is not None and evening.setlist is not None:
        after = evening.on(1)
        shown |= {
            "setlist": evening.setlist.title, "pause": entry.pause, "note": entry.text,
            "entry": f"{evening.place + 1}/{len(evening.setlist.entries)}",
            "next_song": "" if after is None else evening.setlist.entries[after].title,
        }  # fmt: skip
    if song is not None:
        chord = song.first_chord
        shown["first_chord"] = str((chord and chord.moved(road.shift(0))) or "")
        spot = road.spot_of(moment.bar) if moment.running else road.spot
        section = song.sections[song.form[0 if spot is None else spot.at]]
        shown |= {"section_name": section.name, "bars_left": section.bars - (0 if spot is None else spot.bar)}
        shown["next_section"] = road.coming_section(moment.bar)
    return shown


def _written(band: Band, moment: Moment) -> dict[str, Any]:
    """Song, key and plan: written anew on each pulse and where something changes, not every 50 ms."""
    plan, heard = band.plan, band.heard
    key = (band.shown_mark, band.steered, band.night.place, band.song, plan.astray, plan.loops.loop,
           band.chord, band.guessed, heard.ahead)  # fmt: skip
    if band.written[0] != key:
        band.written = key, {
            "plan": plan.shown(moment), "outlook": outlook(band, moment), **_song(band, moment),
            "key": band.listener.chords.tonality.name, "next_chord": _next_chord(band, moment),
        }  # fmt: skip
    return band.written[1]


def state_if_due(band: Band, moment: Moment) -> dict[str, Any] | None:
    """Everything to go on from: once a bar, whenever the transport changes state, and what waits for no bar.

    That is who has a say, what steers, and where no bar passes, every command.
    """
    place = ("bar", moment.bar) if moment.running else ("command", band.steered)
    mark = (*place, moment.state, *band.audience.say, band.knobs.rows)
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
        "chord": str(band.chord or ""), "song": band.song, "night": night.state_now(band),
        "audience": band.audience.state_now(),
        "forgotten": list(band.knobs.forgotten), "learnt": [as_row(row) for row in band.knobs.learnt],
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
    band.silent_from = dict.fromkeys(silent(band.params), -FOREVER)
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
    night.restore(band, saved["night"])
    band.audience.restore(saved["audience"])
    band.params |= {"learn": "", "forget": ""}
    for name in saved.get("forgotten", []):
        band.knobs.forget(str(name))
    with contextlib.suppress(BandmateError):  # what another version has learnt
        for row in reversed(read_rows(saved.get("learnt", []), "learnt", Path("the saved state"))):
            band.knobs.learn(row)
