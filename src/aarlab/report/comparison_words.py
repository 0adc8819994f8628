"""A comparison in words, and as Markdown that stands in docs and, as HTML, beside an experiment's studies."""

from collections.abc import Iterator

from aarlab.report.comparison import MEASURES, ArmLine, Comparison, Contrast, title
from aarlab.report.contrast import TOO_FEW


def sentences(found: Comparison) -> list[str]:
    """One sentence for each contrast, then what of it is to be expected by chance, and what was left out."""
    said = [sentence(one) for one in found.contrasts]
    count = len([one for one in found.contrasts if one.difference.low is not None])
    if count > 1:
        said.append(
            f"{count} differences stand here, each with a 95 % interval of its own: were all arms alike, about "
            f"{0.05 * count:.1g} would still exclude zero."
        )
    if found.left_out:
        said.append(f"{found.left_out} studies are not finished and were left out.")
    return said


def sentence(one: Contrast) -> str:
    """What can be said of two arms in one outcome."""
    found = one.difference
    head = f"{title(one.measure)}: {one.one} - {one.other} = {found.mean:+.3f}"
    if found.low is None:
        noise = f" (±{one.noise:.3f} by the test items alone)" if one.noise else ""
        return f"{head}{noise}, one study of an arm, which says nothing of luck in research: {TOO_FEW}."
    kind = f"{found.pairs} pairs" if found.paired else f"{found.pairs} or more repeats each, not paired"
    exact = f", sign-flip p = {found.exact:.3g}" if found.exact is not None else ""
    return f"{head} ({found.low:+.3f} to {found.high:+.3f}; {kind}{exact}): {_verdict(one)}."


def _verdict(one: Contrast) -> str:
    found, least = one.difference, MEASURES.get(one.measure, MEASURES["best"])[2]
    if found.verdict == "no difference":
        return f"no difference as large as {least:g}"
    if found.verdict != TOO_FEW:
        return f"{one.one} is {found.verdict} than {one.other}"
    more = f"; about {found.needed} would show {least:g} in four of five experiments" if found.needed else ""
    return f"{TOO_FEW}{more}"


def markdown(found: Comparison) -> str:
    """Arms, differences, sentences, definitions."""
    return "\n".join([*_arms(found), "", *_differences(found), "", *(f"- {line}" for line in sentences(found)), ""])


def arm_columns(found: Comparison) -> list[str]:
    """Heads of the table of arms."""
    names = [title(name) for name in found.arms[0].values]
    level = [f"PGR {found.level:g} reached", "hours", "dollars"] if found.level is not None else []
    return ["arm", "studies", "hours each", "$ each", *names, *level]


def arm_cells(line: ArmLine) -> list[str]:
    """One row of it: means over studies."""
    cells = [line.arm, str(line.studies), f"{line.hours:.3f}", f"{line.dollars:.4f}"]
    cells += [f"{line.mean(name):+.3f}" for name in line.values]
    if (at := line.reached) is not None:
        cells += [f"{at.count} of {at.of}", _maybe(at.hours, 3), _maybe(at.dollars, 4)]
    return cells


def _maybe(value: float | None, digits: int) -> str:
    return "not by half" if value is None else f"{value:.{digits}f}"


def _arms(found: Comparison) -> Iterator[str]:
    columns = arm_columns(found)
    yield f"| {' | '.join(columns)} |"
    yield "|".join(["", "---", *["---:"] * (len(columns) - 1), ""])
    for line in found.arms:
        yield f"| {' | '.join(arm_cells(line))} |"


def _differences(found: Comparison) -> Iterator[str]:
    yield "| outcome | difference | mean | 95 % interval | pairs | p | verdict |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for one in found.contrasts:
        at = one.difference
        ends = "-" if at.low is None else f"{at.low:+.3f} to {at.high:+.3f}"
        exact = "-" if at.exact is None else f"{at.exact:.3g}"
        head = [title(one.measure), f"{one.one} - {one.other}", f"{at.mean:+.3f}"]
        cells = [*head, ends, str(at.pairs), exact, at.verdict]
        yield f"| {' | '.join(cells)} |"
