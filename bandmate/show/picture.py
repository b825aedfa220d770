"""A picture of a rehearsal: the performer's and the band's notes over the bars, as SVG.

`python -m bandmate.show.picture band.mid picture.svg [FIRST_BAR LAST_BAR]`. For the README, for bug
reports, for looking at the music. Pure text, no drawing library.
"""

from __future__ import annotations

import sys
from pathlib import Path

import mido

from bandmate.timing import PPQ, beats_of_ticks

COLOURS = {
    "performer": "#e8e8e8", "drums": "#ffb000", "bass": "#648fff", "keys": "#dc267f",
    "guitar": "#fe6100", "pad": "#785ef0", "lead": "#2ec4b6",
}  # fmt: skip  # IBM's colour-blind-safe palette
WIDTH, PITCH_HEIGHT, LANE_GAP, LEFT, TOP = 1200, 4, 14, 90, 30
DRUM_ROWS = (
    35,
    36,
    37,
    38,
    40,
    41,
    43,
    45,
    47,
    48,
    50,
    42,
    44,
    46,
    51,
    53,
    59,
    49,
    57,
    54,
    70,
    69,
    75,
    39,
    62,
    63,
)

Box = tuple[float, float, int, int]  # beat, beats, pitch, velocity


def boxes(track: mido.MidiTrack) -> list[Box]:
    """The notes of a track in beats."""
    open_notes: dict[int, tuple[int, int]] = {}
    found: list[Box] = []
    tick = 0
    for message in track:
        tick += message.time
        if message.type == "note_on" and message.velocity:
            open_notes[message.note] = (tick, message.velocity)
        elif message.type in ("note_on", "note_off") and message.note in open_notes:
            began, velocity = open_notes.pop(message.note)
            length = beats_of_ticks(tick - began, PPQ)
            found.append((beats_of_ticks(began, PPQ), length, message.note, velocity))
    return found


def draw(song: mido.MidiFile, first_bar: int, last_bar: int, bar_beats: float = 4.0) -> str:
    """The SVG of some bars (1 is the first of the file)."""
    begin, end = (first_bar - 1) * bar_beats, last_bar * bar_beats
    scale = (WIDTH - LEFT - 10) / (end - begin)
    shapes: list[str] = []
    top = float(TOP)
    for track in song.tracks[1:]:
        inside = [box for box in boxes(track) if begin <= box[0] < end]
        top = _lane(track.name, inside, begin, scale, top, shapes)
    bars = [
        f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{TOP - 8}" y2="{top - LANE_GAP:.0f}" stroke="#555"/>'
        f'<text x="{x + 4:.0f}" y="{TOP - 12}" fill="#999">{first_bar + index}</text>'
        for index in range(round((end - begin) / bar_beats))
        for x in (LEFT + index * bar_beats * scale,)
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top:.0f}" '
        f'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#16161a"/>'
    )
    return "\n".join([head, *bars, *shapes, "</svg>\n"])


def _lane(name: str, notes: list[Box], begin: float, scale: float, top: float, shapes: list[str]) -> float:
    """One player's lane; returns where the next one begins."""
    colour = COLOURS.get(name, "#ccc")
    rows = {pitch: pitch for *_, pitch, _ in notes}
    if name == "drums":
        used = [pitch for pitch in DRUM_ROWS if pitch in rows] + sorted(set(rows) - set(DRUM_ROWS))
        rows = {pitch: 2 * index for index, pitch in enumerate(used)}
    low, high = min(rows.values(), default=0), max(rows.values(), default=8)
    height = max(30.0, (high - low + 1) * PITCH_HEIGHT)
    shapes.append(f'<text x="8" y="{top + height / 2:.0f}" fill="{colour}">{name}</text>')
    for beat, beats, pitch, velocity in notes:
        x, y = LEFT + (beat - begin) * scale, top + height - (rows[pitch] - low + 1) * PITCH_HEIGHT
        wide = 4.0 if name == "drums" else max(2.0, beats * scale - 1)
        tall = 2 * PITCH_HEIGHT - 2 if name == "drums" else PITCH_HEIGHT
        shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall}" rx="1" fill="{colour}" '
            f'opacity="{0.35 + 0.65 * velocity / 127:.2f}"/>'
        )
    return top + height + LANE_GAP


if __name__ == "__main__":
    source, target, *bars = sys.argv[1:]
    first, last = (int(bar) for bar in bars) if bars else (1, 8)
    Path(target).write_text(draw(mido.MidiFile(source), first, last))
