"""Reads chord charts as songs: OpenEWLD's lead sheets (MusicXML) and the McGill Billboard annotations.

Offline, when a corpus is built.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

from bandmate.errors import BandmateError
from bandmate.harmony import Chord
from bandmate.model.grid import BEAT_TICKS, MELODY, NO_QUALITY, NO_ROOT, in_order, quality_index
from bandmate.model.songs import MOST_BARS, Song, Unusable, rows
from bandmate.timing import METERS, Meter

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = {
    "major": "", "minor": "m", "dominant": "7", "major-seventh": "maj7", "minor-seventh": "m7",
    "diminished": "dim", "diminished-seventh": "dim7", "half-diminished": "m7b5", "augmented": "aug",
    "augmented-seventh": "7", "major-minor": "mMaj7", "major-sixth": "6", "minor-sixth": "m6",
    "dominant-ninth": "7", "major-ninth": "maj7", "minor-ninth": "m7", "dominant-11th": "7sus4",
    "minor-11th": "m7", "dominant-13th": "7", "suspended-second": "sus2", "suspended-fourth": "sus4",
    "power": "5",
}  # fmt: skip
LEAD_SHEET_BPM, CHART_BPM = 120.0, 110.0  # where nobody wrote a tempo


# ------------------------------------------------------------------ OpenEWLD


def lead_sheets(data: Path) -> list[str]:
    """The lead sheets, by the path that splits.json calls them."""
    home = data / "openewld"
    return sorted(str(path.relative_to(home)) for path in home.glob("dataset/*/*/*.mxl"))


def lead_sheet(data: Path, name: str) -> Song:
    """A lead sheet as a song whose performer plays the melody; raises Unusable."""
    try:
        with zipfile.ZipFile(data / "openewld" / name) as archive:
            inner = next(n for n in archive.namelist() if n.endswith(".xml") and "META-INF" not in n)
            score = ElementTree.fromstring(archive.read(inner))
    except (zipfile.BadZipFile, ElementTree.ParseError, StopIteration, OSError):
        raise Unusable("no readable score") from None
    part = score.find("part")
    meters = {f"{time.findtext('beats')}/{time.findtext('beat-type')}" for time in score.iter("time")}
    if part is None or len(meters) != 1 or not meters <= set(METERS):
        raise Unusable("the meter changes, or isn't ours")
    meter = Meter.parse(meters.pop())
    reader = _Reader(meter)
    for measure in part.findall("measure"):
        reader.read(measure)
    if not reader.chords:
        raise Unusable("no chords")
    melody = in_order(rows([note for note in reader.notes if note[1] >= 0]))
    bars = min(int(reader.bar_beat // meter.bar_beats), MOST_BARS)
    return Song(name, "openewld", meter, reader.bpm, bars, reader.chords, {MELODY: melody})


class _Reader:
    """Walks through the measures of a part; `notes` and `chords` are what it found, in beats of the chart."""

    def __init__(self, meter: Meter) -> None:
        self.meter, self.divisions, self.bpm = meter, 1, LEAD_SHEET_BPM
        self.bar_beat = 0.0
        self.notes: list[tuple[int, int, int, int, int, int]] = []
        self.chords: list[tuple[float, int, int]] = []
        self._tied: dict[int, int] = {}  # pitch: index of the note that rings on
        self._first = True

    def read(self, measure: ElementTree.Element) -> None:
        """One measure; a first one that is too short is a pickup, and ends where a bar would."""
        self.divisions = int(measure.findtext("attributes/divisions") or self.divisions)
        length = sum(self._beats(note) for note in measure.findall("note") if note.find("chord") is None)
        pickup = self._first and 0 < length < self.meter.bar_beats
        beat = self.bar_beat + (self.meter.bar_beats - length if pickup else 0.0)
        self._first = False
        for element in measure:
            if element.tag == "harmony":
                self._harmony(element, beat)
            elif element.tag == "sound" and element.get("tempo"):
                self.bpm = float(element.get("tempo", self.bpm))
            elif element.tag == "backup":
                beat -= self._beats(element)
            elif element.tag == "forward":
                beat += self._beats(element)
            elif element.tag == "note":
                beats = self._beats(element)
                if element.find("chord") is None:
                    self._note(element, beat, beats)
                    beat += beats
        self.bar_beat += self.meter.bar_beats

    def _beats(self, element: ElementTree.Element) -> float:
        return float(element.findtext("duration") or 0.0) / self.divisions

    def _harmony(self, element: ElementTree.Element, beat: float) -> None:
        step, kind = element.findtext("root/root-step"), element.findtext("kind") or "none"
        if step is None or kind == "none":
            self.chords.append((beat, NO_ROOT, NO_QUALITY))
            return
        root = (STEPS[step] + round(float(element.findtext("root/root-alter") or 0))) % 12
        self.chords.append((beat, root, quality_index(KINDS.get(kind, ""))))

    def _note(self, element: ElementTree.Element, beat: float, beats: float) -> None:
        step = element.findtext("pitch/step")
        if step is None or beats <= 0:
            return
        octave = int(element.findtext("pitch/octave") or 4)
        pitch = 12 * (octave + 1) + STEPS[step] + round(float(element.findtext("pitch/alter") or 0))
        ties = {tie.get("type") for tie in element.findall("tie")}
        tick, ticks = round(beat * BEAT_TICKS), max(round(beats * BEAT_TICKS), 1)
        if "stop" in ties and pitch in self._tied:
            index = self._tied.pop(pitch)
            begun = self.notes[index]
            self.notes[index] = (0, begun[1], tick + ticks - begun[1], pitch, begun[4], 0)
            place = index
        else:
            place = len(self.notes)
            self.notes.append((0, tick, ticks, pitch, 90, 0))
        if "start" in ties:
            self._tied[pitch] = place


# ------------------------------------------------------------------ Billboard


def billboard_charts(data: Path) -> list[str]:
    """The charts, by number."""
    return sorted(path.parent.name for path in data.glob("billboard/*/*/salami_chords.txt"))


def billboard_chart(data: Path, name: str) -> Song:
    """A chart as a song that nobody performs; raises Unusable."""
    text = next(data.glob(f"billboard/*/{name}/salami_chords.txt")).read_text(encoding="utf-8")
    meters = set(re.findall(r"^# metre: (\S+)", text, re.MULTILINE))
    if len(meters) != 1 or not meters <= set(METERS) or re.search(r"\(\d+/\d+\)", text):
        raise Unusable("the meter changes, or isn't ours")
    meter = Meter.parse(meters.pop())
    pulses = round(meter.bar_beats / meter.pulse_beats)
    chords: list[tuple[float, int, int]] = []
    bar = 0
    for line in text.splitlines():
        found = re.search(r"\|(.*)\|", line)
        if line.startswith("#") or found is None:
            continue
        again = re.search(r"x(\d+)\s*(?:,|$|\s)", line[found.end() :])
        for _ in range(int(again[1]) if again else 1):
            for cell in found[1].split("|"):
                chords += _cell(cell.split(), bar * meter.bar_beats, pulses, meter)
                bar += 1
    if len(chords) < 8:
        raise Unusable("hardly a chord")
    return Song(f"billboard-{name}", "billboard", meter, CHART_BPM, min(bar, MOST_BARS), chords)


def _cell(words: list[str], bar_beat: float, pulses: int, meter: Meter) -> list[tuple[float, int, int]]:
    """The chords of one bar: one, two halves, or one a pulse with `.` for more of the same."""
    words = [word for word in words if word not in ("*",) and not word.startswith("&")]
    if not words:
        return []
    step = meter.bar_beats / (
        len(words) if (len(words) in (1, 2) and pulses % 2 == 0) or len(words) == 1 else pulses
    )
    return [
        (bar_beat + place * step, *_harte(word)) for place, word in enumerate(words[:pulses]) if word != "."
    ]


def _harte(word: str) -> tuple[int, int]:
    """A chord in Harte's spelling, `A:min7/b3`, as root and quality; `N` is none."""
    name, _, quality = word.partition("/")[0].partition(":")
    quality = quality.replace("maj(9)", "add9").replace("min(9)", "madd9")
    for text in (quality, re.sub(r"\(.*?\)", "", quality), quality[:3]):
        try:
            chord = Chord.parse(name + text)
        except BandmateError:
            continue
        return chord.root, quality_index(chord.quality)
    return NO_ROOT, NO_QUALITY
