"""The one cue switch: a pedal, or the lowest keys of the keyboard. Pure state inside `Band.step`."""

from __future__ import annotations

from bandmate.events import Control, Event, NoteOn

PRESS, RELEASE = 64, 48  # a switch is down from the one on, and up below the other: half-pedals flutter
HOLD_S = 0.7  # a switch held so long asks for an ending


class Switch:
    """The one pedal, or the lowest keys: taps when armed, fills and cues the next section, held: ending."""

    def __init__(self, control: int, low_key: int) -> None:
        self.control, self.low_key = control, low_key
        self._down_s: float | None = None
        self._held = False

    def owns(self, event: Event) -> bool:
        """Whether an event belongs to the switch and not to the music."""
        if isinstance(event, Control):
            return bool(self.control) and event.number == self.control
        pitch = getattr(event, "pitch", None)
        return bool(self.low_key) and pitch is not None and pitch <= self.low_key

    def press(self, event: Event, playing: bool) -> list[str]:
        """The actions of a press: on the way down, at once."""
        if isinstance(event, Control) and RELEASE <= event.value < PRESS:
            return []
        down = event.value >= PRESS if isinstance(event, Control) else isinstance(event, NoteOn)
        return self.tread(down, event.time_s, playing)

    def tread(self, down: bool, time_s: float, playing: bool) -> list[str]:
        """The same for whatever else is a switch: it goes down, or comes up."""
        if not down:
            self._down_s = None
            return []
        if self._down_s is not None:
            return []
        self._down_s, self._held = time_s, False
        return ["next-section"] if playing else ["tap"]

    def release(self) -> None:
        """The switch, or what it was plugged into, is gone: nothing is held down."""
        self._down_s = None

    def held(self, now_s: float, playing: bool) -> list[str]:
        """The action of a switch held down long enough, once."""
        if self._down_s is None or self._held or now_s - self._down_s < HOLD_S:
            return []
        self._held = True
        return ["ending"] if playing else []
