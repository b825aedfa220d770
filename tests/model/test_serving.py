"""The model's process, for real: it answers asks, is killed and comes back warm, and says why it can't."""

import multiprocessing
import os
import select
import signal
import time

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from bandmate import wire  # noqa: E402  # torch may not be there
from bandmate.events import Ask, Command, Fault, Phrase  # noqa: E402
from bandmate.heart import SLOTS  # noqa: E402
from bandmate.model import net, weights  # noqa: E402
from bandmate.places import places  # noqa: E402
from bandmate.rig import run_model  # noqa: E402

PATIENCE_S = 60.0  # a busy machine takes its time to load torch


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A tiny model's folder, and a home for the rig."""
    home = tmp_path / "h"
    monkeypatch.setenv("BANDMATE_HOME", str(home))
    torch.manual_seed(0)
    weights.save(net.Player(net.SHAPES["tiny"]), tmp_path / "tiny", {})
    return tmp_path / "tiny"


class Served:
    """The model's process and a band's end of its wire."""

    def __init__(self, folder):
        self.context = multiprocessing.get_context("spawn")
        self.plan = {"model": str(folder), "seed": 1}
        self.start()

    def start(self):
        self.heartbeat = self.context.RawArray("d", SLOTS)
        self.process = self.context.Process(target=run_model, args=("main", self.plan, self.heartbeat))
        self.process.start()
        self.end = wire.connect(places("main").model, PATIENCE_S)

    def hear(self, wanted, most_s=PATIENCE_S):
        """What comes back, until `wanted` says that it is enough."""
        found = []
        until_s = time.perf_counter() + most_s
        while not wanted(found) and time.perf_counter() < until_s and self.end.open:
            select.select([self.end], [], [], 0.2)
            found += self.end.receive()
        return found

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join(PATIENCE_S)
        self.end.close()

    def close(self):
        self.end.send(Command(0.0, "quit"))
        self.process.join(PATIENCE_S)
        assert self.process.exitcode == 0
        self.end.close()


def ask(number, write=True):
    return Ask(
        number / 2, number % 8, 8, 120.0, struck=((60, 0, 5),), number=number, write=write, style="funk"
    )


def kinds(said):
    return [(phrase.rung, phrase.beat) for phrase in said if isinstance(phrase, Phrase)]


def test_an_ask_is_answered_with_the_slot_and_the_one_after(house):
    served = Served(house)
    served.end.send(ask(0))
    assert kinds(served.hear(lambda said: len(said) == 2)) == [("fresh", 0.0), ("tail", 0.5)]
    served.close()


def test_asks_that_have_piled_up_are_heard_and_only_the_newest_is_answered(house):
    served = Served(house)
    for number in range(40):
        served.end.send(ask(number))
    said = served.hear(lambda said: any(phrase.beat == 19.5 and phrase.rung == "fresh" for phrase in said))
    fresh = [beat for rung, beat in kinds(said) if rung == "fresh"]
    assert fresh[-1] == 19.5
    assert len(fresh) < 30
    served.close()


def test_a_killed_model_comes_back_warm_and_says_the_same(house):
    """Told the slots that were played, the new process writes what the old one would have written."""
    served = Served(house)
    whole = []
    for number in range(12):
        served.end.send(ask(number))
        whole += served.hear(lambda said: len(said) == 2)
    wanted = [phrase for phrase in whole if phrase.rung == "fresh"][-1]
    served.kill()
    served.start()
    for number in range(11):
        served.end.send(ask(number, write=False))
    served.end.send(ask(11))
    said = served.hear(lambda said: len(said) == 2)
    assert said[0] == wanted
    served.close()


def test_bad_weights_are_said_to_the_band_and_the_process_goes_home(house):
    (house / "weights-1.safetensors").write_bytes(b"rubbish")
    served = Served(house)
    said = served.hear(lambda said: said)
    assert [type(each) for each in said] == [Fault]
    assert str(house) in said[0].text
    served.process.join(PATIENCE_S)
    assert served.process.exitcode == 0
    served.end.close()


def test_a_head_that_says_nothing_costs_a_slot_and_not_the_show(house, monkeypatch):
    """A number that is none in the middle of the song: a sentence, and the next slots are answered."""
    from bandmate.model.serving import Desk
    from bandmate.model.thinking import Thinker

    thinker = Thinker(str(house), 1).open()
    desk = Desk(places("main"), thinker, [0.0] * SLOTS)
    desk.door.open()
    end = wire.connect(places("main").model, 1.0)
    desk.listen(0.0)
    with torch.no_grad():
        good = thinker.player.where.weight.clone()
        thinker.player.where.weight.fill_(float("nan"))
    desk.think(desk.clients[0], ask(0))
    with torch.no_grad():
        thinker.player.where.weight.copy_(good)
    desk.think(desk.clients[0], ask(1))
    said = end.receive()
    assert [type(each) for each in said] == [Fault, Phrase, Phrase]
    for each in (end, *desk.clients, desk.door):
        each.close()


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("slow_s", [60.0, 0.0])
def test_what_is_waited_for_is_thought_in_haste(house, monkeypatch, quick, slow_s):
    """Not what is only heard, and nothing where the slot before took too long for that to help."""
    from bandmate.model import serving
    from bandmate.model.thinking import Thinker

    thought, haste = [], []
    monkeypatch.setattr(serving, "hurry", haste.append)
    monkeypatch.setattr(serving, "SLOW_S", slow_s)
    thinker = Thinker(str(house), 1).open()
    fresh, tail = thinker.fresh, thinker.tail
    monkeypatch.setattr(thinker, "fresh", lambda ask: thought.append((ask.write, haste[-1])) or fresh(ask))

    def last(*asked):
        thought.append(("tail", haste[-1]))
        end.send(Command(0.0, "quit"))
        return tail(*asked)

    monkeypatch.setattr(thinker, "tail", last)
    desk = serving.Desk(places("main"), thinker, [0.0] * SLOTS)
    desk.door.open()
    desk.quick = quick
    end = wire.connect(places("main").model, 1.0)
    end.send(ask(0, write=False))
    end.send(ask(1))
    desk.run()
    end.close()
    assert thought == [(False, False), (True, quick), ("tail", quick)]
    assert desk.quick is (slow_s > 0)
