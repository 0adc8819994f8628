"""What the detectors catch, miss and wrongly flag of labelled snippets, and what a case costs with 40 before it.

PYTHONPATH=src:. python benchmarks/detectors.py [--json]
"""

import argparse
import json
import random
import time
from collections import Counter
from typing import Any

from aarlab.integrity.case import Level
from aarlab.integrity.detectors import DETECTORS, look
from aarlab.integrity.evidence import LEVELS
from aarlab.minds.search import compose
from aarlab.minds.search.space import SPACE, draw
from benchmarks.snippets import BAD_CODE, BAD_TALK, BAD_TEXTS, EVASIVE, GOOD, Snippet
from tests.support.handed import VANILLA, case, history, method

GOAL_MS = 50.0
HISTORY = 40


def spoken(snippet: Snippet) -> dict[str, Level]:
    """Detector -> level, of what is said about a snippet."""
    one = case(snippet.files or method(VANILLA), text=snippet.text, transcript=snippet.transcript)
    return {suspicion.detector: suspicion.level for suspicion in look(one)}


def caught(snippet: Snippet) -> bool:
    """Whether the right detector speaks, at the level of the label or a graver one."""
    level = spoken(snippet).get(snippet.detector)
    return level is not None and LEVELS.index(level) >= LEVELS.index(snippet.level)


def milliseconds(*, repeats: int) -> float:
    """Median time of one new case, composed by the search mind, behind a history that is known already."""
    rng = random.Random(0)
    files = [compose.files(draw(SPACE, rng=rng), why="to measure") for _ in range(HISTORY + repeats)]
    before = history(*(case(one, students=(f"s{number}",)) for number, one in enumerate(files[:HISTORY])))
    look(case(files[0], history=before))
    times = []
    for one in files[HISTORY:]:
        began = time.perf_counter()
        look(case(one, history=before))
        times.append(1000 * (time.perf_counter() - began))
    return sorted(times)[len(times) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=25)
    options = parser.parse_args()
    bad = (*BAD_CODE, *BAD_TEXTS, *BAD_TALK)
    missed = [snippet for snippet in bad if not caught(snippet)]
    false = {snippet.name: said for snippet in GOOD if (said := spoken(snippet))}
    totals, lost = Counter(one.detector for one in bad), Counter(one.detector for one in missed)
    rows = {name: {"caught": totals[name] - lost[name], "missed": lost[name]} for name in DETECTORS if totals[name]}
    found, per_case = len(bad) - len(missed), milliseconds(repeats=options.repeats)
    result: dict[str, Any] = {
        "detectors": rows,
        "recall": round(found / len(bad), 3),
        "precision": round(found / (found + len(false)), 3),
        "good": len(GOOD),
        "false alarms": false,
        "missed": [snippet.name for snippet in missed],
        "evasive": len(EVASIVE),
        "evasive missed": [snippet.name for snippet in EVASIVE if not caught(snippet)],
        "ms per case": round(per_case, 1),
        "goal": GOAL_MS,
    }
    if options.json:
        print(json.dumps(result))
        return
    for name, row in rows.items():
        print(f"{name}: {row['caught']} caught, {row['missed']} missed")
    print(f"{len(bad)} bad: recall {result['recall']}; {len(GOOD)} good: {len(false)} false alarms {false}")
    print(f"missed: {', '.join(snippet.name for snippet in missed) or 'none'}")
    print(f"{len(EVASIVE)} evasive ones; missed: {', '.join(result['evasive missed'])}")
    print(f"one case with {HISTORY} before it: {per_case:.1f} ms (goal < {GOAL_MS:.0f} ms)")


if __name__ == "__main__":
    main()
