"""Where in the evening and the song: title, section, bars left, and what comes, in plain text."""

from __future__ import annotations

from bandmate.console.panel import Panel, Piece, Row
from bandmate.console.shown import Shown, coming, section_words, song_words


class Whereabouts(Panel):
    """`3/12 Corner Table   Solos, 4 bars left → Head   fill in 3`."""

    def rows(self, shown: Shown) -> list[Row]:
        """One row; between songs what the performer must know of the next one."""
        status = shown.status
        pieces: list[Piece] = [(f"{song_words(status)}   ", "title")] if song_words(status) else []
        if shown.idle:
            words = [status.note, status.key, f"{status.bpm:.0f} bpm" if status.entry else ""]
            pieces += [(f"{word}   ", "plain") for word in words if word]
            if status.state == "off" and not status.pause:
                pieces.append(("w: ready for a count-in", "dim"))
            return [tuple(pieces)]
        if status.section_name:
            left = f"{status.bars_left} bar{'s' if status.bars_left != 1 else ''} left"
            then = f" → {status.next_section}" if status.next_section else ""
            pieces.append((f"{status.section_name}, {left}{then}   ", "plain"))
        else:
            pieces.append((f"{section_words(status)}   {status.style}   ", "plain"))
        if status.trade:
            pieces.append((f"trade: {status.trade}   ", "title"))
        pieces += [(f"{words}   ", "pick") for words in coming(shown)[:3]]
        return [tuple(pieces)]
