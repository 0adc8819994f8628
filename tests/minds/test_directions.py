from aarlab.minds.directions import FREE, directions, family_of, nine
from aarlab.minds.search.space import REGIONS


def test_there_are_nine_directions_and_each_has_a_region_of_its_own() -> None:
    assert len(nine()) == 9
    assert {one.family for one in nine()} == set(REGIONS) - {"any"}
    assert all(one.title and one.text for one in nine())


def test_a_fleet_larger_than_the_list_starts_again() -> None:
    chosen = directions("diverse", researchers=11)
    assert chosen[9:] == chosen[:2]
    assert len(set(chosen)) == 9


def test_same_gives_nobody_a_direction() -> None:
    assert directions("same", researchers=3) == [FREE] * 3


def test_own_directions_are_taken_word_for_word_or_by_the_name_of_one_of_the_nine() -> None:
    own, known = directions(("look at the swaps", "Distillation"), researchers=2)
    assert (own.title, own.family) == ("look at the swaps", "any")
    assert known in nine()


def test_the_hint_is_found_in_what_a_researcher_reads() -> None:
    assert [family_of(str(one)) for one in nine()] == [one.family for one in nine()]
    assert family_of("something else") == "any"
