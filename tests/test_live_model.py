"""The band's end of the wire to its model: what it says when the model says something, or nothing more."""

import pytest

from bandmate import live, wire
from bandmate import patch as patches
from bandmate.events import Fault, Phrase
from bandmate.places import places


@pytest.fixture
def band(tmp_path, monkeypatch):
    """The band's process before its first step, whose player is a model."""
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    monkeypatch.setattr(live.Live, "_find_sound", lambda *_, **__: None)
    plan = {
        "table": patches.as_table(patches.load("bench")), "patch": "bench", "seed": 1, "params": {},
        "resume": False, "demo": None, "commands": [], "takes": str(tmp_path), "rig_id": "x",
        "player": "model",
    }  # fmt: skip
    found = live.Live(plan, places("model"), [0.0] * 4)
    found.open()
    yield found
    found.writer.close(0.0)
    found.door.close()
    if found.model is not None:
        found.model.close()


@pytest.fixture
def model(band):
    """The model's end of the wire."""
    door = wire.Door(band.where.model).open()
    said(band)
    end = door.accept()
    yield end
    end.close()
    door.close()


def said(band):
    """The words that the band has for its alarm line."""
    band._listen(0.0)
    found, band.inbox = band.inbox, []
    return [event.text for event in found if isinstance(event, Fault)]


def test_a_model_that_says_why_it_cant_play_has_the_last_word(band, model):
    model.send(Fault(0.0, "the weights are rubbish"))
    model.close()
    assert said(band) + said(band) == ["the weights are rubbish"]


def test_a_model_that_goes_without_a_word_is_said(band, model):
    model.send(Phrase(0.0, 0.0, "fresh", (), ()))
    model.close()
    assert said(band) + said(band) == ["the model is gone; the understudy plays until it is back"]


def test_a_model_that_stumbled_and_played_on_is_said_when_it_goes(band, model):
    model.send(Fault(0.0, "it stumbled"))
    model.send(Phrase(0.0, 0.0, "fresh", (), ()))
    assert said(band) == ["it stumbled"]
    model.close()
    assert said(band) == ["the model is gone; the understudy plays until it is back"]
