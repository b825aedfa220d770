"""Pictures of the console: every screen, of a song that was rehearsed, the same every time."""

from __future__ import annotations

from bandmate.__main__ import main
from bandmate.console.screens import SCREENS
from bandmate.portraits import draw, rehearsed


def test_every_screen_is_drawn_with_what_was_played(tmp_path):
    found = draw(tmp_path / "new", (80, 24), until_beat=8.2)
    assert [path.stem for path in found] == [row.name for row in SCREENS]
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in found}
    assert all(page.startswith("<svg") and "122&#160;bpm" in page for page in drawn.values())
    assert "Harbour&#160;Lights&#160;Off" in drawn["setlist"]
    assert "Clean&#160;Guitar" in drawn["mixer"]


def test_a_song_is_rehearsed_the_same_way_every_time():
    one, again = rehearsed(6.0), rehearsed(6.0)
    assert one.status == again.status
    assert one.take()[1] == again.take()[1]
    assert {row[0] for row in one.status.notes} <= {"drums", "bass", "you", "guitar"}
    assert one.status.bar == 2


def test_a_file_in_the_way_is_told(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["console", "--pictures", str(tmp_path / "file" / "new")]) == 2
    said = capsys.readouterr().err
    assert "name another --pictures" in said
    assert said.count("\n") == 1
