from bandmate.events import Hush, Off, On, Panic, Replace, Revoke
from bandmate.ports.sounding import Leave, Sounding, Stroke


def table(*notes: On) -> Sounding:
    sounding = Sounding(longest=30.0)
    for note in notes:
        sounding.take(note.time_s, note)
    return sounding


def bass(note_id: int, time_s: float, pitch: int = 40) -> On:
    return On(note_id, time_s, "bass", pitch, 90)


def score(strokes: list[Stroke]) -> list[tuple[str, int]]:
    return [("on" if stroke.velocity else "off", stroke.pitch) for stroke in strokes]


def test_notes_come_in_the_order_of_their_times():
    sounding = table(bass(1, 2.0, 42), bass(2, 1.0, 41), bass(3, 3.0, 43))
    assert score(sounding.due(2.5)) == [("on", 41), ("on", 42)]
    assert sounding.next_due() == 3.0


def test_an_end_comes_before_a_beginning_at_the_same_time():
    sounding = table(bass(1, 1.0), bass(2, 2.0))
    sounding.take(2.0, Off(1, 2.0))
    assert score(sounding.due(3.0)) == [("on", 40), ("off", 40), ("on", 40)]


def test_pitch_may_change_until_the_note_is_due():
    sounding = table(bass(1, 1.0))
    sounding.take(0.5, Replace(1, 45))
    assert score(sounding.due(1.0)) == [("on", 45)]
    sounding.take(1.1, Replace(1, 47))
    sounding.take(2.0, Off(1, 2.0))
    assert score(sounding.due(2.0)) == [("off", 45)]


def test_a_revoked_note_never_sounds_and_its_end_is_ignored():
    sounding = table(bass(1, 1.0))
    sounding.take(2.0, Off(1, 2.0))
    assert sounding.take(0.5, Revoke(1)) == []
    assert sounding.due(9.0) == []


def test_revoking_a_sounding_note_ends_it():
    sounding = table(bass(1, 1.0))
    sounding.due(1.0)
    assert score(sounding.take(1.2, Revoke(1))) == [("off", 40)]


def test_an_end_without_a_beginning_is_ignored():
    sounding = table()
    sounding.take(1.0, Off(7, 1.0))
    assert sounding.due(9.0) == []
    assert sounding.next_due() is None


def test_the_same_pitch_again_closes_the_former_and_outlives_its_end():
    sounding = table(bass(1, 1.0), bass(2, 2.0))
    sounding.take(3.0, Off(1, 3.0))
    assert score(sounding.due(3.5)) == [("on", 40), ("off", 40), ("on", 40)]
    assert len(sounding.sounding) == 1


def test_nothing_sounds_longer_than_thirty_seconds():
    sounding = table(bass(1, 1.0))
    assert score(sounding.due(30.9)) == [("on", 40)]
    assert score(sounding.due(31.0)) == [("off", 40)]


def test_hush_ends_one_part_and_panic_all():
    sounding = table(bass(1, 1.0), On(2, 1.0, "keys", 60, 80), On(3, 2.0, "keys", 62, 80))
    sounding.due(1.0)
    assert score(sounding.take(1.5, Hush("keys"))) == [("off", 60)]
    assert score(sounding.take(1.6, Panic())) == [("off", 40)]
    assert sounding.due(9.0) == []


def test_a_client_that_leaves_takes_only_its_own_notes():
    sounding = Sounding(30.0)
    sounding.take(1.0, bass(1, 1.0, 40), owner=1)
    sounding.take(1.0, On(1, 1.0, "keys", 60, 80), owner=2)
    sounding.take(5.0, bass(2, 5.0, 41), owner=1)
    sounding.due(1.0)
    assert score(sounding.take(2.0, Leave(), owner=1)) == [("off", 40)]
    assert sounding.due(9.0) == []
    assert len(sounding.sounding) == 1


def test_the_table_is_bounded():
    sounding = table(*(bass(note_id, 1.0 + note_id) for note_id in range(3000)))
    assert len(sounding.waiting) == 2048
    assert sounding.dropped == 3000 - 2048
