"""Who is plugged in, on a MIDI API made of paper."""

from bandmate.maps import Row
from bandmate.patch import Patch
from bandmate.ports.hotplug import CLOCK, VIRTUAL, Patchbay

OURS = "jack: bandmate in"


class PaperPort:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, message: bytes, due_s: float = 0.0) -> None:
        self.sent.append(message)

    def close(self) -> None: ...


class PaperDriver:
    name = "jack"

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.sinks: list[str] = []
        self.hears: dict[str, object] = {}  # by a port's name
        self.opened: list[str] = []  # outputs
        self.connected: set[str] = set()

    def look(self):
        return list(self.sources), list(self.sinks)

    def open_input(self, name, raw, virtual, hear):
        self.hears[name] = hear
        return PaperPort()

    def open_output(self, raw, virtual):
        self.opened.append(raw)
        return PaperPort()

    def peers(self, virtual):
        return set(self.connected)

    def close(self) -> None: ...


def patchbay(
    news: list[tuple[str, str]], plan: Patch | None = None, heard: list | None = None, **options: object
) -> tuple[Patchbay, PaperDriver]:
    bay = Patchbay(
        plan or Patch(),
        {"virtual": True} | options,
        hear=lambda *what: None if heard is None else heard.append(what),
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


def test_of_a_port_that_only_gives_the_clock_no_key_is_heard():
    heard: list = []
    bay, driver = patchbay([], Patch(clock_in="box"), heard, midi_in=["Piano"])
    driver.sources = ["box:out", "Piano:keys"]
    bay.look()
    for message in (b"\xf8", bytes((0x90, 60, 90))):
        driver.hears["jack: box:out"]("jack: box:out", message, 1.0)
        driver.hears["jack: Piano:keys"]("jack: Piano:keys", message, 1.0)
    assert [(name, message[0]) for name, message, _ in heard] == [
        ("jack: box:out", 0xF8), ("jack: Piano:keys", 0xF8), ("jack: Piano:keys", 0x90),
    ]  # fmt: skip


def test_a_surface_that_a_map_names_is_heard_although_nobody_chose_it():
    plan = Patch(controls=(Row("energy", "control", 21, "nanoKONTROL"),))
    bay, driver = patchbay([], plan, midi_in=["Piano"])
    driver.sources = ["nanoKONTROL2:nanoKONTROL2 CTRL", "Other:out"]
    bay.look()
    assert set(bay.inputs) == {OURS, "jack: nanoKONTROL2:nanoKONTROL2 CTRL"}


def test_our_clock_goes_out_of_a_port_of_its_own_and_no_note_does():
    bay, driver = patchbay([], Patch(clock_out="own"))
    bay.look()
    assert driver.opened.count("bandmate clock") == 1
    own = bay.outputs["jack: bandmate clock"]
    own.sent.clear()
    bay.send(CLOCK, b"\xf8")
    bay.send(VIRTUAL, bytes((0x90, 60, 90)))
    assert own.sent == [b"\xf8"]


def test_our_clock_may_go_to_a_drum_machine_that_is_also_heard():
    bay, driver = patchbay([], Patch(clock_out="box", clock_in="box"))
    driver.sources, driver.sinks = ["box:out"], ["box:in"]
    bay.look()
    bay.send(CLOCK, b"\xf8")
    assert bay.outputs["jack: box:in"].sent == [b"\xf8"]
    driver.sinks = []
    bay.look()
    bay.send(CLOCK, b"\xf8")  # nowhere, and nothing breaks
    driver.sinks = ["box:in"]
    bay.look()
    bay.send(CLOCK, b"\xfa")
    assert bay.outputs["jack: box:in"].sent == [b"\xfa"]
