"""`bandmate soundcheck --band`: the line check for the engineer, then the performer's keys and pedals.

Runs in the shell's process while no rig runs; the band's own sound process plays, so that what the engineer
hears is what the evening will use. One pedal steps on, or space or enter. Joins ports, wire and places.
"""

from __future__ import annotations

import time
from dataclasses import replace

from bandmate.calibration import AHEAD_S, ROUND_S, Speaker, nobody_plays, speaker
from bandmate.console.keyboard import raw_keys, wait
from bandmate.events import Control, Fault, NoteOn
from bandmate.linecheck import LineCheck, groove, lines
from bandmate.patch import Patch
from bandmate.places import places
from bandmate.touch import Touch

NEXT, BACK, END = (" ", "\n", "\r"), ("b", "p"), ("q",)
BOUNCE_S = 0.25  # a pedal pressed again sooner bounces
STAGES = (
    ("Now your keys: play as softly as you ever will", 10),
    ("and as you usually do", 20),
    ("and as hard as you ever will", 10),
)
QUIET_S, HELD_S = 3.0, 8.0  # after the last pedal; and where one seems to be held down
PEDALS_S = 20.0  # who hasn't moved a pedal by then has none


class BandCheck:
    """Who listens to the pedals, the keyboard of the computer, and the performer."""

    def __init__(self, out: Speaker, keys: bool) -> None:
        self.out, self.keys = out, keys
        self.touch = Touch()
        self.over = False  # they have had enough
        self._trodden_s = 0.0

    def look(self) -> tuple[int, bool]:
        """Wait a moment: where the computer's keys go (1 on, -1 back), and whether a pedal was pressed."""
        _, pressed = wait([self.out.end], self.keys, ROUND_S)
        trodden = False
        for said in self.out.end.receive():
            if isinstance(said, Fault):
                print(f"! {said.text}", flush=True)
            elif isinstance(said, NoteOn | Control) and self.touch.hear(said):
                now_s = time.perf_counter()
                trodden |= now_s - self._trodden_s > BOUNCE_S
                self._trodden_s = now_s
        steps = 0
        for _, key in pressed:
            self.over |= key in END
            steps = -1 if key in BACK else 1 if key in NEXT else steps
        return steps, trodden

    def play_lines(self, check: LineCheck) -> None:
        """Every line for the engineer, until the performer steps beyond the last."""
        shown = -1
        while (line := check.line) is not None and not self.over:
            if shown != check.place:
                shown = check.place
                print(f"{shown + 1:3}/{len(check.lines)}  {line.title}", flush=True)
            now_s = time.perf_counter()
            for send in check.due(now_s + AHEAD_S, now_s + 2 * AHEAD_S):
                self.out.end.send(send)
            steps, trodden = self.look()
            if steps or trodden:
                for send in check.turn(steps or 1):
                    self.out.end.send(send)

    def feel_keys(self) -> None:
        """How softly and how hard they play; a key of the computer leaves one out."""
        self.touch.velocities.clear()  # what was noodled meanwhile says nothing
        for words, wanted in STAGES:
            print(f"{words}: {wanted} keys", flush=True)
            heard = len(self.touch.velocities)
            while len(self.touch.velocities) < heard + wanted and not self.over and self.look()[0] <= 0:
                pass

    def feel_pedals(self) -> None:
        """Which pedals there are, and how they are plugged in; those that stepped on count as well."""
        print("Now each pedal, all the way down and up again", flush=True)
        pedals = self.touch.pedals
        begun_s = moved_s = time.perf_counter()
        seen = moves = sum(len(pedal.values) for pedal in pedals.values())
        while not self.over and self.look()[0] <= 0:
            now_s, moves = time.perf_counter(), sum(len(pedal.values) for pedal in pedals.values())
            if moves != seen:
                seen, moved_s = moves, now_s
            held = any(pedal.pressed for pedal in pedals.values())
            still = now_s - moved_s > (HELD_S if held else QUIET_S)
            if still and (moved_s > begun_s or now_s - begun_s > PEDALS_S):
                return


def band_check(patch: Patch, device: str | None) -> int:
    """The whole line check; raises BandmateError where it can't be played."""
    nobody_plays()
    whole = groove(patch)
    bare = replace(patch, reversed_pedals=())  # what is found must be as it is
    with speaker(bare, device) as out, raw_keys() as keys:
        check = BandCheck(out, keys)
        print(f"On {out.device}. A pedal, space or enter: the next line; b: back; q: the end.", flush=True)
        check.play_lines(LineCheck(lines(patch, out.ready.channels, whole)))
        if not check.over:
            check.feel_keys()
            check.feel_pedals()
    if check.over:
        return 0
    if not check.touch.port:
        print("hm  nobody played; without a keyboard nothing is remembered of your touch.")
        return 0
    for sentence in check.touch.sentences():
        print(f"ok  {sentence}.")
    places().remember_touch(check.touch.port, check.touch.found())
    print(f"    remembered for {check.touch.port}.")
    return 0
