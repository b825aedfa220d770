"""What can go wrong, and in whose words we say it.

    BandmateError          every error a user may see: one sentence, what, where, what to do
      BadFile              a take, a MIDI file, a patch or a font that can't be used
        BadPatch           a patch or style file, naming file, key and value
        BadMap             a map of knobs and pedals, naming file, line and key
        BadSetlist         a setlist or song file, naming file, line, key and value
      BadChart             a chart, naming bar and chord; `line` says where in its text
      NoDevice             a MIDI port, sound device or library that isn't there
      RigError             the rig can't start, is already running, or isn't running

All of them mean bad input (exit status 2); anything else that escapes is a defect of ours (1).
Imports nothing of ours; any process may raise these, before the count-in only.
"""


class BandmateError(Exception):
    """Bad input or a bad place to play: `str(error)` is one sentence fit for the performer."""


class BadFile(BandmateError):
    """A take, MIDI file or soundfont that cannot be used."""


class BadPatch(BadFile):
    """A patch or style file with an unknown key, value or name."""


class BadMap(BadFile):
    """A map of knobs, keys and pedals with an unknown key, value or name."""


class BadSetlist(BadFile):
    """A setlist or song file with an unknown key, value or name."""


class BadChart(BandmateError):
    """A chart that nobody can read; `line` is the line of its text, from 0."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line


class NoDevice(BandmateError):
    """A MIDI port, sound device or system library that is missing."""


class RigError(BandmateError):
    """The rig is already running, not running, or could not start."""
