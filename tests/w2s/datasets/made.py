"""Small files in the real schemas of the sources, odd rows among them."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WRAPPED = (
    "Solve the following math problem step by step. The last line of your response should be of the form "
    "Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n{}\n\n"
    'Remember to put your answer on its own line after "Answer:".'
)


def lines(path: Path, rows: Iterable[Any]) -> Path:
    """JSON lines, compressed where the name says so."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.name.endswith(".gz") else text.encode())
    return path


def helpsteer2(count: int) -> list[dict[str, Any]]:
    """Two rows a prompt; every tenth a tie."""
    rows = []
    for number in range(count):
        for side in (0, 1):
            better = side == number % 2
            more = {"correctness": 3, "coherence": 4, "complexity": 1, "verbosity": 1}
            rated = 3 if number % 10 == 9 else 3 + better
            text = f"answer {side} to {number}" + (", at length" * better)
            rows.append({"prompt": f"How is {number} done?", "response": text, "helpfulness": rated, **more})
    return rows


def helpsteer3(count: int) -> list[dict[str, Any]]:
    """Every seventh a tie, every fifth of several turns."""
    rows = []
    for number in range(count):
        turns = [{"role": "user", "content": f"Explain {number} please"}]
        if number % 5 == 0:
            turns += [{"role": "assistant", "content": "Which part?"}, {"role": "user", "content": f"Part {number}"}]
        strength = 0 if number % 7 == 6 else (-2 if number % 2 else 3)
        rows.append(
            {
                "domain": ("general", "stem")[number % 2],
                "language": "english",
                "context": turns,
                "response1": f"one way {number}",
                "response2": f"another way {number}",
                "overall_preference": strength,
                "individual_preference": [],
            }
        )
    return rows


def rm_bench(count: int) -> list[dict[str, Any]]:
    """Three styles of each."""
    return [
        {
            "id": f"chat/{number}",
            "prompt": f"What is thing {number}?",
            "chosen": [f"{style} true {number}" for style in ("short", "long", "# long")],
            "rejected": [f"{style} false {number}" for style in ("short", "long", "# long")],
            "domain": ("chat", "safety-refuse")[number % 2],
        }
        for number in range(count)
    ]


def reward_bench_2(count: int) -> list[dict[str, Any]]:
    """One right and three wrong answers; of ties several right ones and dozens of wrong ones."""
    rows = []
    for number in range(count):
        ties = number % 10 == 0
        rows.append(
            {
                "id": str(number),
                "prompt": f"Name case {number}.",
                "chosen": [f"right {number} {place}" for place in range(2 if ties else 1)],
                "rejected": [f"wrong {number} {place}" for place in range(20 if ties else 3)],
                "num_correct": 1,
                "subset": "Ties" if ties else "Factuality",
            }
        )
    return rows


def dapo(count: int, *, first: int = 0) -> list[dict[str, Any]]:
    """Every question three times, as in the file; question 1 once with another answer."""
    rows = [
        {
            "data_source": "math_dapo",
            "prompt": [{"content": WRAPPED.format(f"What is {number} plus {number}?"), "role": "user"}],
            "ability": "MATH",
            "reward_model": {"ground_truth": str(2 * number), "style": "rule-lighteval/MATH_v2"},
            "extra_info": {"index": f"index-{number}"},
        }
        for number in range(first, first + count)
        for _ in range(3)
    ]
    rows.append(rows[3] | {"reward_model": {"ground_truth": "-1", "style": "rule-lighteval/MATH_v2"}})
    return rows


def solutions(questions: Iterable[tuple[str, str]], *, boxed: bool = True) -> list[dict[str, Any]]:
    """Two right and two wrong ones of each, by two models, and one without an answer."""
    rows: list[dict[str, Any]] = []
    for asked, truth in questions:
        for model in ("small", "large"):
            for off in (0, 1):
                said = f"\\boxed{{{int(truth) + off}.0}}" if boxed else f"{int(truth) + off}"
                rows.append({"question": asked, "solution": f"{model} thinks: {said}", "model": model})
        rows.append({"question": asked, "solution": "I do not know.", "model": "small"})
    return rows
