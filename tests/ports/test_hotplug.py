"""Who is plugged in, on a MIDI API made of paper."""

from bandmate.patch import Patch
from bandmate.ports.hotplug import Patchbay

OURS = "jack: bandmate in"


class PaperPort:
    def send(self, message: bytes) -> None: ...

    def close(self) -> None: ...


class PaperDriver:
    name = "jack"

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.connected: set[str] = set()

    def look(self):
        return list(self.sources), []

    def open_input(self, name, raw, virtual, hear):
        return PaperPort()

    def open_output(self, raw, virtual):
        return PaperPort()

    def peers(self, virtual):
        return set(self.connected)

    def close(self) -> None: ...


def patchbay(news: list[tuple[str, str]], **options: object) -> tuple[Patchbay, PaperDriver]:
    bay = Patchbay(
        Patch(),
        {"virtual": True} | options,
        hear=lambda *heard: None,
        found=lambda name, hears: news.append(("found", name)) if hears else None,
        lost=lambda name, hears: news.append(("lost", name)) if hears else None,
        left=lambda own, peer: news.append(("left", peer)),
    )
    driver = PaperDriver()
    bay.drivers = [driver]
    bay.look()
    return bay, driver


def test_a_program_on_our_own_input_leaves_and_comes_back_by_its_name():
    news: list[tuple[str, str]] = []
    bay, driver = patchbay(news, midi_in=["nothing else"])
    assert news == [("found", OURS)]
    for here in (["pianist:keys"], [], ["pianist:keys"]):
        driver.sources, driver.connected = here, set(here)
        bay.look()
        bay.look()
    piano = "jack: pianist:keys"
    assert news[1:] == [("found", piano), ("left", piano), ("found", piano)]


def test_a_keyboard_connected_by_hand_is_heard_once_and_not_lost():
    news: list[tuple[str, str]] = []
    bay, driver = patchbay(news)
    driver.sources = ["pianist:keys"]
    bay.look()
    driver.connected = {"pianist:keys"}
    bay.look()
    assert list(bay.inputs) == [OURS]
    assert news[1:] == [("found", "jack: pianist:keys"), ("left", "")]
    driver.connected = set()
    bay.look()
    assert news[3:] == [("left", "jack: pianist:keys"), ("found", "jack: pianist:keys")]
