"""A scheduler's desk: a scheduler at 120, a performer for its ear, and the books; every send is checked."""

from bandmate.events import Click, Note, Off, On, Replace, Revoke
from bandmate.harmony import Chord
from bandmate.scheduler import LATEST_S, ROOM_S, Ear, Scheduler
from bandmate.show.ledger import Ledger
from bandmate.timing import BeatMap, step_time_s

HORIZON_S = 0.025
ROUNDING_S = 1e-6
STEPS = {"1": 0, "3": 4, "5": 7}  # above the root


class Desk:
    """Plays a scheduler by hand, step by step of the band's grid."""

    def __init__(self):
        self.scheduler, self.ledger = Scheduler(HORIZON_S), Ledger()
        self.beatmap = BeatMap(120, 0.0, 0.0)
        self.chord, self.onset_s, self.resting, self.likely = Chord.parse("C"), None, False, False
        self.step, self.changed = 0, False
        self.sends = []  # (when it was sent, the send)
        self.notes = {}  # what each id was to be

    @property
    def now_s(self):
        return step_time_s(self.step)

    def bind(self, note):
        if note.part in ("drums", "click"):
            return 36
        return None if note.tone not in STEPS else 36 + self.chord.root + STEPS[note.tone]

    def want(self, part, beat, beats=0.5, tone="1", offset_s=0.0):
        self.scheduler.add([Note(part, beat, beats, tone, 80, offset_s)], self.now_s)
        return self

    def turn(self, chord):
        """The performer's chord is another from the next step on."""
        self.chord, self.changed = chord, True

    def strike(self):
        """The performer strikes a key now."""
        self.onset_s = self.now_s

    def go(self, steps=1):
        for _ in range(steps):
            ear = Ear(
                self.onset_s, self.changed, self.chord.pitch_classes, self.resting, lambda _: self.likely
            )
            self.book(self.scheduler.due(self.now_s, self.beatmap, self.bind, ear))
            self.changed = False
            self.step += 1
        return self

    def until(self, time_s):
        while self.now_s < time_s - ROUNDING_S:
            self.go()
        return self

    def book(self, sends):
        """Into the books, after a look at each."""
        for send in sends:
            self.check(send)
            self.ledger.book(self.now_s, [send])
            self.sends.append((self.now_s, send))

    def check(self, send):
        known = self.ledger.notes
        if isinstance(send, On):
            assert send.id > max(self.notes, default=0), "an id is used twice"
            note = self.notes[send.id] = self.scheduler.sounding[send.id].note
            due_s = self.beatmap.time_at(note.beat) + note.offset_s
            assert max(self.now_s, due_s) <= send.time_s <= self.now_s + self.scheduler.horizon_s + ROUNDING_S
            assert send.time_s <= due_s + LATEST_S + ROOM_S + ROUNDING_S
        elif isinstance(send, Click):
            assert send.time_s >= self.now_s
        elif isinstance(send, Off):
            assert send.time_s >= max(self.now_s, known[send.id].on_s)
        elif isinstance(send, Replace):
            assert known[send.id].on_s > self.now_s, "this one sounds already"
        elif isinstance(send, Revoke):
            assert known[send.id].on_s > self.now_s

    def sent(self, kind):
        return [send for _, send in self.sends if isinstance(send, kind)]

    def when(self, kind):
        return [when_s for when_s, send in self.sends if isinstance(send, kind)]

    @property
    def played(self):
        """(part, on, off, pitch) of every note, in seconds."""
        return [
            (n.part, round(n.on_s, 4), n.off_s and round(n.off_s, 4), n.pitch) for n in self.ledger.played()
        ]
