"""A model that answers asks: one song after the other, a fresh phrase and a tail for each slot.

What a rehearsal calls directly and the model's process calls for its band. Torch is loaded when it opens.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bandmate.errors import BandmateError
from bandmate.events import Ask, Phrase
from bandmate.patch import data_folder

if TYPE_CHECKING:
    from bandmate.model.session import Session

DEFAULT = "house"  # the model that ships


class Thinker:
    """A model's folder, opened; keeps one session."""

    def __init__(self, name: str = DEFAULT, seed: int = 0) -> None:
        self.name, self.seed = name, seed
        self.session: Session | None = None
        self.first = 0  # the number of the session's first slot

    def open(self) -> Thinker:
        """Load torch and the weights, and think once, so that no slot pays for it; raises BandmateError."""
        try:
            import torch
        except ImportError:
            raise BandmateError(
                "the model needs PyTorch: pip install 'bandmate[model]', or play with --player understudy"
            ) from None
        from bandmate.model import weights

        torch.set_num_threads(1)
        self.player = weights.load(folder_of(self.name))
        self.unheard = float(weights.config_of(folder_of(self.name)).get("unheard", 1.0))
        self.guided = float(weights.config_of(folder_of(self.name)).get("guided", 0.0))
        self.answer(Ask(0.0, 0, 8, 120.0))
        self.session = None
        return self

    def answer(self, ask: Ask) -> list[Phrase]:
        """What the model says to an ask: nothing while it is only warmed up."""
        return list(self.thoughts(ask))

    def thoughts(self, ask: Ask) -> list[Phrase]:
        """The fresh phrase first; the tail costs a step more."""
        fresh = self.fresh(ask)
        return [] if fresh is None else [fresh, self.tail(ask, fresh)]

    def at_once(self, ask: Ask) -> list[Phrase]:
        """The fresh phrase alone: in virtual time it is never late, and nobody needs a tail."""
        fresh = self.fresh(ask)
        return [] if fresh is None else [fresh]

    def fresh(self, ask: Ask) -> Phrase | None:
        """The slot that is asked for; a slot that was asked before is taken back first."""
        from bandmate.model.session import Session

        if self.session is None or ask.number == 0:
            self.session, self.first = Session(self.player, self.seed, self.unheard, self.guided), ask.number
        self.session.back(self.session.past.slot + self.first - ask.number)
        if not ask.write:
            self.session.hear(ask)
            return None
        return self.session.play(ask)

    def tail(self, ask: Ask, fresh: Phrase) -> Phrase:
        """The slot after it."""
        assert self.session is not None
        return self.session.ahead(ask, fresh)


def folder_of(name: str) -> Path:
    """A model's folder: by name among those that ship, or a path."""
    path = Path(name)
    return path if path.is_dir() else data_folder("models") / name


def is_there(name: str = DEFAULT) -> bool:
    """Whether a model of this name has weights here."""
    return (folder_of(name) / "model.json").exists()
