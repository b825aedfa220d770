"""What was heard before is found again, in any key; what was not is not; and it is small enough to ship."""

import numpy as np
import pytest

from bandmate.errors import BadFile
from bandmate.model.originality import GRAM, Index, grams, index_of, line, lines_of_notes
from tests.model import desk

TUNE = [
    (0, 60),
    (6, 62),
    (12, 64),
    (24, 67),
    (30, 65),
    (36, 64),
    (48, 62),
    (54, 60),
    (60, 59),
    (72, 60),
    (84, 67),
]


def tune(move=0, later=0):
    return np.array([(tick + later, pitch + move) for tick, pitch in TUNE])


def test_a_tune_is_known_in_every_key_and_at_every_place():
    index = Index()
    index.add(grams(tune()))
    found = index.measure([tune(move=5, later=96)])
    assert (found.notes, found.shared, found.longest) == (len(TUNE), len(TUNE), len(TUNE))


def test_another_rhythm_is_another_tune():
    index = Index()
    index.add(grams(tune()))
    slower = tune() * np.array([2, 1])
    assert index.measure([slower]).shared == 0


def test_too_short_a_line_says_nothing():
    assert len(grams(tune()[:GRAM])) == 0
    assert Index().measure([tune()[:3]]).share == 0.0


def test_a_chord_is_one_note_of_a_line():
    ticks, pitches = np.array([0, 0, 0, 12]), np.array([60, 67, 64, 65])
    assert line(ticks, pitches).tolist() == [[0, 67], [12, 65]]
    assert line(ticks, pitches, lowest=True).tolist() == [[0, 60], [12, 65]]


def test_the_index_of_a_corpus_knows_its_songs_and_not_a_wild_line(tmp_path):
    folder = desk.write(tmp_path / "corpus")
    chance = np.random.default_rng(1)
    wild = np.stack((np.cumsum(chance.integers(1, 20, 400)), chance.integers(40, 90, 400)), 1)
    index = index_of(folder, [wild])
    assert index.about["baseline_share"] < 0.05
    index.save(tmp_path / "index.npz")
    assert (tmp_path / "index.npz").stat().st_size < 5_000_000
    again = Index.load(tmp_path / "index.npz")
    bass = desk.song().takes[0].notes
    own = bass[bass[:, 0] == 1]
    assert again.measure([line(own[:, 1], own[:, 3], True)]).share == 1.0
    assert again.about == pytest.approx(index.about)


def test_what_a_band_played_becomes_lines():
    notes = [("bass", index * 0.25, 40 + index % 3) for index in range(8)]
    notes += [("drums", 0.0, 36), ("keys", 0.0, 60), ("keys", 0.001, 64)]
    bass, keys = lines_of_notes(notes)
    assert np.diff(bass[:, 0]).tolist() == [6] * 7
    assert keys[0].tolist() == [0, 64]


def test_no_index_is_one_sentence(tmp_path):
    with pytest.raises(BadFile, match=r"models/README\.md"):
        Index.load(tmp_path / "nothing.npz")
