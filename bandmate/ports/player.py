"""The player: what an audio stream calls for every block, whichever stream it is.

`fill` runs in the audio callback and never waits; `post` may be called from any thread. Ties the
renderer's frames to `perf_counter`. Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import time
from collections import deque

from bandmate.events import Dial, Level, NoteOn, Panic, Voice
from bandmate.ports.frameclock import FrameClock
from bandmate.ports.outputs import lay_out, try_out
from bandmate.ports.priority import take_priority
from bandmate.ports.renderer import Message, Renderer, Taken
from bandmate.ports.strokes import Float
from bandmate.ports.thru import Played

STALE_S = 0.25  # a key struck longer ago than this isn't sounded any more
PRIORITY = 50
SETTINGS = (Level, Dial, Voice, Taken)  # what is kept for a device that isn't there


class Player:
    """Renders blocks into a stream's buffer and keeps count."""

    def __init__(self, renderer: Renderer) -> None:
        self.renderer = renderer
        self.latency_s = 0.0  # from the callback to the loudspeaker
        self.frames = 0
        self.channels = 0  # of the device
        self.xruns = 0
        self.scheduling = ""
        self.failure = ""
        self.key_lateness_s: deque[float] = deque(maxlen=20000)  # a key's stamp to the block that sounds it
        self._clock = FrameClock(renderer.rate_hz, 64)
        self._inbox: deque[tuple[float, Message, int]] = deque(maxlen=16384)
        self._turn = 0
        self._open = False

    def begin(self, block_frames: int, latency_s: float) -> int:
        """A stream is about to open: come up from silence; the turn that its callback must show."""
        self._turn += 1
        self.latency_s = latency_s
        self.scheduling = ""
        self._clock = FrameClock(self.renderer.rate_hz, block_frames)
        self.renderer.mixer.fade_in()
        self._inbox.appendleft((0.0, Panic(), 0))
        self._open = True
        return self._turn

    def end(self) -> None:
        """The stream is gone: nothing is kept for later but levels and voices."""
        self._turn += 1
        self._open = False

    def post(self, time_s: float, message: Message, owner: int = 0) -> None:
        """Let a send sound at `time_s`, or a key of the performer at once."""
        if self._open or isinstance(message, SETTINGS):
            self._inbox.append((time_s, message, owner))

    def sounding(self) -> int:
        """How many notes of the band sound."""
        return len(self.renderer.table.sounding)

    def xrun(self) -> None:
        """The stream stumbled: count it, and tie frames to time anew."""
        self.xruns += 1
        self._clock.reset()

    def fill(self, out: Float, turn: int) -> None:
        """Play the next block into `out` (frame, channel); the audio callback."""
        if turn != self._turn:
            out[:] = 0.0
            return
        try:
            if not self.scheduling:
                self.scheduling = take_priority(PRIORITY)
            self._play(out)
        except Exception as error:  # a callback that raises would end the stream
            self.failure = f"the synth stumbled: {error!r}"
            out[:] = 0.0

    def _play(self, out: Float) -> None:
        now_s, self.channels = time.perf_counter(), out.shape[1]
        renderer = self.renderer
        self._clock.tick(now_s, renderer.frame)
        while self._inbox:
            time_s, message, owner = self._inbox.popleft()
            if not isinstance(message, Played):
                renderer.at(self._clock.frame_at(time_s - self.latency_s), message, owner)
            elif not isinstance(message, NoteOn) or now_s - time_s < STALE_S:
                renderer.at(renderer.frame, message, owner)
                if isinstance(message, NoteOn):
                    self.key_lateness_s.append(now_s - time_s)
        lay_out(renderer.render(len(out)), out, renderer.patch.outputs)
        try_out(renderer.mixer.pings, out)
        self.frames += len(out)
