"""`bandmate bench xruns`: how often the audio stumbles while the band plays, with two lengths of block."""

from __future__ import annotations

from bandmate.bench.figures import Figure
from bandmate.bench.stage import Stage

BLOCKS = (128, 256)


def figures(stage: Stage) -> list[Figure]:
    """One run of `seconds` for each length of block; the JACK server's own count stands in the note."""
    found = []
    for block_frames in BLOCKS:
        with stage.server(block_frames) as log:
            record = stage.play(stage.seconds, block_frames=block_frames)
            note = f"on {stage.device or 'no device'}"
            if log is not None:
                note += (
                    f"; the server itself was late {log.read_text().count('XRun')} times, from its start on"
                )
        found.append(Figure(f"xruns, {block_frames} frames, {stage.seconds:g} s", record.xruns, note=note))
    return found
