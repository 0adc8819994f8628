"""How the result of aarlab scale looks: JSON, and a table with verdicts."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aarlab.cli.trying import Asked
    from aarlab.problem.contract import Problem
    from aarlab.w2s.verdicts import Comparison


def told(asked: "Asked", problems: Mapping[str, "Problem"], found: "Comparison") -> dict[str, Any]:
    """Everything that was found, as plain data."""
    return {
        "method": asked.name,
        "row": asked.row,
        "problem": problems["large"].card().name,
        "pairs": {name: _models(problem) for name, problem in problems.items()},
        "digests": {name: problem.digest for name, problem in problems.items()},
        **asdict(found),
    }


def _models(problem: "Problem") -> str:
    """What the two models are, honestly."""
    from aarlab.w2s.problem import W2SProblem

    if not isinstance(problem, W2SProblem):
        return problem.card().name
    return f"{problem.pair}; {problem.size:,} rows"


def render(result: Mapping[str, Any]) -> None:
    """For a person."""
    from aarlab.cli import output

    pairs = {name: result[name] for name in ("large", "small")}
    shared = result["large"]
    where = f"{result['problem']}, {shared['seeds']} draws of {shared['items']:,} test items"
    output.say(output.one_line(f"{result['method']} beside vanilla: {where}", limit=160))
    for name, models in result["pairs"].items():
        output.say(output.one_line(f"{name} pair: {models}", limit=200))
    rows = [row for name, facts in pairs.items() for row in _rows(name, facts)]
    columns = ("pair", "", "accuracy", "PGR", "95 % interval")
    output.show(output.table(columns, rows, right=(2, 3)))
    for name, facts in pairs.items():
        output.say(f"{name} pair: {facts['verdict']}")
        if facts["refusal"]:
            output.say(f"{name} pair, no PGR: {facts['refusal']}")
    same = "same items and seeds" if result["carried"]["paired"] else "different items"
    output.say(f"{result['carried']['verdict']} ({same})")
    gain = shared["accuracy"]
    output.say(
        f"large pair: smallest effect seen with probability .8: {100 * gain['detectable']:.1f} points"
        f"{_in_pgr(shared['pgr'])}; standard error {100 * gain['se_items']:.2f} from items, "
        f"{100 * gain['se_seeds']:.2f} from seeds"
    )
    if result["wanted"]:
        output.say(result["wanted"]["words"])


def _in_pgr(gain: Mapping[str, Any] | None) -> str:
    return f" ({gain['detectable']:.3f} PGR)" if gain else ""


def _rows(name: str, facts: Mapping[str, Any]) -> list[tuple[str, ...]]:
    from aarlab.cli.views import interval, signed

    scored = ((what, facts[what]) for what in ("method", "vanilla"))
    return [
        (name, "weak teacher", f"{facts['weak']:.4f}", "", ""),
        *(
            (name, what, f"{own['accuracy']:.4f}", signed(own["pgr"]), interval(own["low"], own["high"]))
            for what, own in scored
        ),
        (name, "ceiling", f"{facts['ceiling']:.4f}", "", ""),
    ]
