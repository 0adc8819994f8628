"""One probe fit of ours against scikit-learn's LogisticRegression: same features, same objective.

Prints the ratio of times (goal <= 1.3) and how well the solutions agree.  python benchmarks/probe_fit.py [--json]
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from aarlab.w2s.domains.embedded import EMBEDDED, load_embedded
from aarlab.w2s.fit import L2, fit_head
from aarlab.w2s.problem import W2SProblem, W2SSettings

GOAL = 1.3


def seconds(work: Callable[[], object], *, repeats: int) -> float:
    """Median wall time."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def measure(domain: str, *, repeats: int) -> dict[str, object]:
    """Fits the vanilla student of one draw both ways."""
    from sklearn.linear_model import LogisticRegression

    problem = W2SProblem(load_embedded(domain), W2SSettings(domain=domain))
    task = problem.draw(0).world.task
    target = task.hard
    theirs = LogisticRegression(C=1 / (2 * L2 * task.items), fit_intercept=False, max_iter=1000)
    exact = LogisticRegression(C=1 / (2 * L2 * task.items), fit_intercept=False, max_iter=5000, tol=1e-9)
    ours_s = seconds(lambda: fit_head(task.hidden, target, bias=False), repeats=repeats)
    theirs_s = seconds(lambda: theirs.fit(task.hidden, target), repeats=repeats)
    ours_w = fit_head(task.hidden, target, bias=False).weight
    exact_w = exact.fit(task.hidden.astype(np.float64), target).coef_[0]
    same = (task.hidden @ ours_w > 0) == (task.hidden @ exact_w > 0)
    return {
        "domain": domain,
        "items": task.items,
        "dimension": task.dimension,
        "ours_ms": round(1000 * ours_s, 3),
        "sklearn_ms": round(1000 * theirs_s, 3),
        "ratio": round(ours_s / theirs_s, 3),
        "goal": GOAL,
        "cosine_of_weights": float(ours_w @ exact_w / np.linalg.norm(ours_w) / np.linalg.norm(exact_w)),
        "same_answers": float(same.mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    rows = [measure(domain, repeats=options.repeats) for domain in EMBEDDED]
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(
            f"{row['domain']}: probe fit {row['ours_ms']} ms, scikit-learn {row['sklearn_ms']} ms, "
            f"ratio {row['ratio']} (goal <= {GOAL}); cosine of weights {row['cosine_of_weights']:.6f}, "
            f"same answers {row['same_answers']:.4f}"
        )


if __name__ == "__main__":
    main()
