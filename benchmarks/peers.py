"""Our hf backend against openai/weak-to-strong, EleutherAI/w2s and a plain transformers.Trainer with PEFT, in one run.

All make the same experiment on the same small models, items, tokens and threads, a step a turn: weak teacher, ceiling,
vanilla student, and a student with the confidence loss. Ratios are ours / theirs, goal <= 0.9, of the mean training
step of the strong model, of the whole vanilla experiment (loading, three trainings, answers), and of the mean step with
the confidence loss; of core time, which other work on the machine changes little, and of wall time. docs/peers.md says
where the others' code comes from, and what they do differently.

python -m benchmarks.peers [--openai CLONE] [--eleuther CLONE] [--python PYTHON] [--markdown FILE] [--json]
"""

import argparse
import json
import os
import platform
import select
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contenders.baton import DONE, STEP
from benchmarks.contenders.job import CEILING, CONFIDENCE, TEACHER, VANILLA, Job
from benchmarks.contenders.made import Size, make

ROOT = Path(__file__).resolve().parents[1]
GOAL = 0.9
TURN_SECONDS = 300.0
"""Longest turn: a step, or loading a model."""
WARM = 1
"""First steps of each training that are not in the mean of a step: some of them load the model, too."""
OURS = "ours"
NAMES = {
    OURS: "aarlab",
    "plain": "Trainer + PEFT",
    "sorted": "Trainer + PEFT, by length",
    "eleuther": "EleutherAI/w2s",
    "openai": "openai/weak-to-strong",
}
MODULES = {"sorted": ("plain", "--by-length")}
"""Of benchmarks/contenders, and what it is told; by default it has the contender's name."""
WEIGHTS = {OURS: "LoRA", "plain": "LoRA, head", "sorted": "LoRA, head", "eleuther": "LoRA, head", "openai": "all"}
"""What they train."""
COLUMNS = (
    *("", "trained", "step, core ms", "ratio", "wall", "experiment, core s", "ratio", "wall"),
    *("step with confidence loss, core ms", "ratio", "wall", "accuracy: teacher, ceiling, vanilla, confidence"),
)
MEASURES = {"step": "ms", "experiment": "s", "confidence": "ms"}
"""What is compared, with its unit in the names of Row's fields."""
RANK, RATE, FULL_RATE = 8, 1e-2, 1e-3
"""Of LoRA adapters; the highest rates of them and of a training of all weights."""
TELL_SECONDS = 5.0
BEGIN, END = "<!-- table: benchmarks/peers.py -->", "<!-- end -->"


@dataclass
class Run:
    """One contender's process, and what it has told."""

    name: str
    process: "subprocess.Popen[str]"
    log: Path
    turns: list[Mapping[str, Any]] = field(default_factory=list)
    found: Mapping[str, float] = field(default_factory=dict)

    def turn(self) -> bool:
        """Gives it the baton until it has made a step. False when it is done. Raises SystemExit when it has failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], TURN_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.process.kill()
            said = "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-15:])
            sys.exit(f"{NAMES[self.name]} failed, or took more than {TURN_SECONDS:.0f} s for a step:\n{said}")
        report = json.loads(line)
        if report["kind"] == DONE:
            self.found = report["found"]
            return False
        self.turns.append(report)
        return True


def start(name: str, job: Job, *, clone: Path | None, python: str, threads: int) -> Run:
    """Starts a contender, which waits for its first turn. `clone` is where others' code lies."""
    log = Path(job.folder) / f"{name}.log"
    module, *told = MODULES.get(name, (name,))
    path = [str(ROOT), str(ROOT / "src"), *([str(clone)] if clone else [])]
    quiet = {"WANDB_MODE": "disabled", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    quiet |= {"HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "PYTHONWARNINGS": "ignore"}
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [python, "-m", f"benchmarks.contenders.{module}", json.dumps(asdict(job)), *told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            cwd=job.folder,
            env=os.environ | quiet | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(path)},
        )
    return Run(name, process, log)


def race(runs: Sequence[Run]) -> None:
    """A step a turn until all are done."""
    told, going = time.monotonic(), list(runs)
    while going:
        going = [run for run in going if run.turn()]
        if time.monotonic() - told > TELL_SECONDS and going:
            told = time.monotonic()
            print(f"peers: {max(len(run.turns) for run in runs)} turns each", file=sys.stderr)


@dataclass(frozen=True)
class Row:
    """What was measured of one contender."""

    name: str
    step_ms: float
    """Mean step of the strong model in the ceiling's and the vanilla student's training."""
    step_core_ms: float
    """Core time of the same."""
    experiment_s: float
    """Wall time of its turns from loading the weak model to the vanilla student's accuracy."""
    experiment_core_s: float
    """Core time of the same."""
    confidence_ms: float | None
    """Mean step with the confidence loss; None where it has none."""
    confidence_core_ms: float | None
    """Core time of the same."""
    steps: int
    """In the first mean."""
    found: Mapping[str, float]
    """Accuracy on the test of each training."""


def row(run: Run) -> Row:
    """Sums the turns of a run up."""
    wall, core = _steps(run, (CEILING, VANILLA))
    confident = _steps(run, (CONFIDENCE,))
    whole = [turn for turn in run.turns if turn["phase"] in (TEACHER, CEILING, VANILLA)]
    return Row(
        name=run.name,
        step_ms=1000 * _mean(wall),
        step_core_ms=1000 * _mean(core),
        experiment_s=sum(turn["wall"] for turn in whole),
        experiment_core_s=sum(turn["core"] for turn in whole),
        confidence_ms=1000 * _mean(confident[0]) if confident[0] else None,
        confidence_core_ms=1000 * _mean(confident[1]) if confident[1] else None,
        steps=len(wall),
        found=run.found,
    )


def _steps(run: Run, phases: Sequence[str]) -> tuple[list[float], list[float]]:
    """Wall and core seconds of the steps of some trainings, without the first of each."""
    by_phase: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for turn in run.turns:
        if turn["kind"] == STEP and turn["phase"] in phases:
            by_phase[turn["phase"]].append(turn)
    kept = [turn for turns in by_phase.values() for turn in turns[WARM:]]
    return [turn["wall"] for turn in kept], [turn["core"] for turn in kept]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def ratio(ours: float | None, theirs: float | None) -> str:
    """Ours / theirs."""
    return "-" if ours is None or theirs is None else f"{ours / theirs:.2f}"


def cells(one: Row, ours: Row) -> list[str]:
    """Of the table."""
    found = [NAMES[one.name], WEIGHTS[one.name]]
    for what, unit in MEASURES.items():
        core = getattr(one, f"{what}_core_{unit}")
        found.append("-" if core is None else f"{core:.0f}" if unit == "ms" else f"{core:.1f}")
        for name in (f"{what}_core_{unit}", f"{what}_{unit}"):
            found.append("" if one.name == OURS else ratio(getattr(ours, name), getattr(one, name)))
    return [*found, ", ".join(f"{right:.3f}" for right in one.found.values())]


def table(rows: Sequence[Row]) -> str:
    """Of all contenders, ours first."""
    body = [f"| {' | '.join(cells(one, rows[0]))} |" for one in rows]
    return "\n".join([f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|", *body])


def verdict(rows: Sequence[Row]) -> str:
    """In words: where the goal is met, and where not."""
    missed = []
    for one in rows[1:]:
        for what, unit in MEASURES.items():
            ours, theirs = (getattr(which, f"{what}_core_{unit}") for which in (rows[0], one))
            if theirs is not None and ours > GOAL * theirs:
                missed.append(f"{NAMES[one.name]} ({what} {ratio(ours, theirs)})")
    return f"goal <= {GOAL} of core time: " + (f"missed against {'; '.join(missed)}" if missed else "met everywhere")


def versions(python: str) -> str:
    """Of the libraries that all contenders run with."""
    code = "from importlib.metadata import version as v; print(*(f'{n} {v(n)}' for n in %r), sep=', ')"
    names = ("torch", "transformers", "peft")
    return subprocess.run([python, "-c", code % (names,)], check=True, capture_output=True, text=True).stdout.strip()


def measure(options: argparse.Namespace) -> list[Row]:
    """Makes models and items, and lets all contenders run."""
    with tempfile.TemporaryDirectory() as folder:
        make(
            Path(folder),
            weak=Size(1, options.width // 4),
            strong=Size(options.layers, options.width),
            items=options.items,
            words=options.words,
            seed=options.seed,
        )
        job = Job(folder, options.batch, options.epochs, RANK, RATE, FULL_RATE, options.seed)
        clones = {OURS: None, "plain": None, "sorted": None}
        clones |= {name: found for name in ("eleuther", "openai") if (found := getattr(options, name))}
        runs = [
            start(name, job, clone=where, python=options.python, threads=options.threads)
            for name, where in clones.items()
        ]
        try:
            race(runs)
        finally:
            for run in runs:
                run.process.kill()
                run.process.wait()
        return [row(run) for run in runs]


def clone(text: str) -> Path:
    """A folder with others' code. Raises ArgumentTypeError."""
    path = Path(text).expanduser().resolve()
    if not ((path / "weak_to_strong" / "train.py").exists() or (path / "w2s" / "sft.py").exists()):
        raise argparse.ArgumentTypeError(
            f"{text} is no clone of openai/weak-to-strong or EleutherAI/w2s: docs/peers.md"
        )
    return path


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--openai", type=clone, metavar="CLONE", help="folder of openai/weak-to-strong")
    made.add_argument("--eleuther", type=clone, metavar="CLONE", help="folder of EleutherAI/w2s")
    made.add_argument("--python", default=sys.executable, help="interpreter that has what all of them import")
    made.add_argument("--threads", type=int, default=1, help="of each contender (default 1)")
    made.add_argument("--items", type=int, default=384, help="of the student; half as many for teacher and test")
    made.add_argument("--words", type=int, default=30, help="median length of an item")
    made.add_argument("--layers", type=int, default=4, help="of the strong model")
    made.add_argument("--width", type=int, default=128, help="of the strong model; the weak one has a quarter")
    made.add_argument("--batch", type=int, default=32, help="items of a step")
    made.add_argument("--epochs", type=int, default=2, help="passes over the items")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--markdown", type=Path, metavar="FILE", help="replace the table of this file")
    made.add_argument("--json", action="store_true")
    return made


def main() -> None:
    options = parser().parse_args()
    rows = measure(options)
    facts = [
        f"{options.layers} layers, width {options.width}, {options.items} items of about {options.words} words, "
        f"{options.epochs} epochs, batch {options.batch}, rank {RANK}, threads {options.threads}, seed {options.seed}",
        f"{versions(options.python)}; Python {platform.python_version()}, {os.cpu_count()} cores",
        f"{rows[0].steps} steps in the first mean; {verdict(rows)}",
    ]
    if options.markdown:
        text = options.markdown.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        _, _, after = rest.partition(END)
        made = "\n".join([BEGIN, table(rows), "", *(f"- {fact}" for fact in facts), END])
        options.markdown.write_text(before + made + after, encoding="utf-8")
    print(json.dumps([asdict(one) for one in rows]) if options.json else "\n".join([table(rows), *facts]))


if __name__ == "__main__":
    main()
