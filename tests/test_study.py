"""Which model plays: the command line's, the patch's, or the one that ships."""

import argparse

import pytest

from bandmate import patch as patches
from bandmate import study
from bandmate.errors import BadPatch


def asked(**given):
    return argparse.Namespace(**({"model": None, "player": None} | given))


@pytest.fixture
def mine(tmp_path):
    """A patch that names a model which lies beside it."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.json").write_text("{}")
    (tmp_path / "gig.toml").write_text('model = "mine"\n')
    return patches.load(str(tmp_path / "gig.toml"))


def test_a_patch_may_name_a_model_that_lies_beside_it(mine, tmp_path):
    assert study.model_of(asked(), mine) == str(tmp_path / "mine")
    assert study.model_of(asked(model="other"), mine) == "other"
    assert study.model_of(asked(), patches.load("default")) == "house"


def test_a_model_of_a_patch_goes_into_its_take_and_comes_back(mine, tmp_path):
    again = patches.parse(patches.as_table(mine), tmp_path / "elsewhere" / "gig.toml")
    assert again.model == mine.model == str(tmp_path / "mine")


def test_a_model_that_is_not_there_is_one_sentence_unless_the_understudy_plays(tmp_path):
    (tmp_path / "gig.toml").write_text('model = "mine"\n')
    patch = patches.load(str(tmp_path / "gig.toml"))
    with pytest.raises(BadPatch, match="key 'model' is 'mine', but no model of that name"):
        study.model_of(asked(), patch)
    assert study.model_of(asked(player="understudy"), patch)
    assert study.player(asked(player="understudy", model="mine")) == "understudy"


def test_without_its_weights_nobody_is_taken_for_a_model(mine, monkeypatch):
    monkeypatch.setattr(study, "find_spec", lambda name: None)
    assert study.player(asked(model=mine.model)) == "understudy"
    monkeypatch.setattr(study, "find_spec", lambda name: name)
    assert study.player(asked(model=mine.model)) == "model"
    assert study.player(asked(model="nowhere")) == "understudy"
