"""The graph of methods that build on each other, as a picture has it."""

from aarlab.lab.lineage import Lineage, around, families
from aarlab.lab.records import SnapshotRecord


def snapshots(**parents: str) -> dict[str, SnapshotRecord]:
    return {name: SnapshotRecord(name, "r1", "m", tuple(above), "c") for name, above in parents.items()}


GRAPH = snapshots(a="", b="", c="a", d="ab", lone="", e="c", f="d", g="f")


def columns(drawn: Lineage) -> dict[str, int]:
    return {node.snapshot.id: node.column for node in drawn.nodes}


def test_a_child_is_right_of_its_parents() -> None:
    drawn = around(GRAPH, "a")
    assert columns(drawn) == {"a": 0, "b": 0, "c": 1, "d": 1, "e": 2, "f": 2, "g": 3}
    assert set(drawn.edges) == {("a", "c"), ("a", "d"), ("b", "d"), ("c", "e"), ("d", "f"), ("f", "g")}
    assert (drawn.columns, drawn.rows, drawn.left_out) == (4, 2, 0)
    places = [(node.column, node.row) for node in drawn.nodes]
    assert len(set(places)) == len(places)


def test_the_nearest_relatives_come_first() -> None:
    drawn = around(GRAPH, "g", most=3)
    assert columns(drawn) == {"d": 0, "f": 1, "g": 2}
    assert drawn.left_out == 4


def test_what_has_no_relatives_stands_alone() -> None:
    assert columns(around(GRAPH, "lone")) == {"lone": 0}
    assert "lone" not in columns(families(GRAPH))


def test_the_family_that_grew_last_comes_first() -> None:
    two = snapshots(a="", b="a", x="", y="x")
    assert set(columns(families(two, most=2))) == {"x", "y"}
    assert families(two, most=2).left_out == 2
    assert set(columns(families(two))) == {"a", "b", "x", "y"}
    assert families({}).nodes == ()


def test_a_thousand_generations_are_drawn_without_recursion() -> None:
    line = snapshots(s0="") | {
        f"s{number}": SnapshotRecord(f"s{number}", "r1", "m", (f"s{number - 1}",), "c") for number in range(1, 1000)
    }
    drawn = around(line, "s500", most=1000)
    assert columns(drawn)["s999"] == 999
