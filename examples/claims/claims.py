"""Runs the five experiments on claims about the organisation of research, and writes what was found as Markdown.

`make claims` from the repository. What is finished is kept: started again, it goes on where it was stopped.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Claim:
    """One question."""

    file: str
    """Its study file here."""
    question: str
    """In words."""
    compared: tuple[str, ...]
    """Experiments whose studies are put together."""
    outcomes: tuple[str, ...]
    """What is compared."""
    meaning: str
    """What the arms are."""

    @property
    def name(self) -> str:
        """Of its experiment."""
        return f"claim-{self.file[0]}"


CLAIMS = (
    Claim(
        "1-identical-starts",
        "Do identical starts converge?",
        ("claim-1", "claim-2"),
        ("entropy",),
        "`same`: no direction; `diverse`: one of the nine each. Both experiments have these arms, so their studies are "
        "put together. A mind that starts without a direction draws from a region of its own, by its own seed.",
    ),
    Claim(
        "2-diverse-directions",
        "Do diverse directions help?",
        ("claim-1", "claim-2"),
        ("best", "area-hours", "area-dollars"),
        "The same studies, by what they found.",
    ),
    Claim(
        "3-prescribed-workflow",
        "Does a prescribed workflow hurt?",
        ("claim-3",),
        ("best", "area-hours", "area-dollars", "entropy"),
        "`free`: an optimiser over everything (TPE); `prescribed`: part after part of a method, value after value, in "
        "a fixed order that no result changes, building on nobody else.",
    ),
    Claim(
        "4-forum",
        "Does the forum help?",
        ("claim-4",),
        ("best", "area-hours", "area-dollars", "entropy"),
        "`off`: the lab shows a researcher nothing of the others; `on`: everything. A search mind takes two things "
        "from the forum: others' dev answers for its optimiser, and a method to vary when four trials brought it no "
        "further. With four dev answers each, the second is rare, and there is little time for the first.",
    ),
    Claim(
        "5-one-domain",
        "Does one domain over-fit?",
        ("claim-5",),
        ("on:chat", "on:math"),
        "`chat`, `math`: where the first-ranked method was found. It was run on fresh draws of both. Over-fitting "
        "would be a loss on a domain against what was found there.",
    ),
)

HEAD = """\
# Claims about the organisation of research, as measured here

<!-- Written by `make claims`. -->

Five claims of the published studies of automated researchers, each as an experiment on the embedded data with **search
minds** (no language model), three researchers a study. The files are in [examples/claims](../examples/claims); how arms
are compared is in [arms.md](arms.md). Everything below is as the commands printed it.

## What this says, and what it does not
- It measures the lab and its search minds: few trials a researcher, one embedded problem, few repeats. Where it says
  "not enough repeats to tell", nothing was shown, neither an effect nor its absence. Set `experiment.repeats` higher.
- A search mind does not read prose, invents nothing outside of a declared space, and cannot be bored or persuaded. So
  nothing here carries over to researchers that are language models: their directions, prompts and forum work through
  text. The same files answer for them with `--set minds=llm --set minds.model=...`, at their price.
- A PGR of a study is that of its first-ranked method. With {seeds} draws a verification, luck in it is large.
- {count} differences stand on this page: were all arms alike, about {chance:.1g} of their intervals would exclude
  zero. Where an interval does and the sign-flip test says p > 0.05, take it for a hint. Frontiers over hours and
  dollars are two views of the same studies.
- Methods found on several domains at once are not among the arms of the last claim: a study has one domain.
{note}"""


def main() -> int:
    """Runs what is not finished, then writes. The exit status is that of the first command that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=Path, default=Path("studies"), help="where experiments are")
    parser.add_argument("--markdown", type=Path, required=True, help="file to write")
    parser.add_argument("--note", default="", help="what a reader should know of this run")
    options = parser.parse_args()
    os.environ["AARLAB_STUDIES"] = str(options.studies)
    begun = time.monotonic()
    for claim in CLAIMS:
        known = (options.studies / claim.name).exists()
        start = ["run", str(HERE / f"{claim.file}.toml"), "--name", claim.name]
        if status := aarlab(["resume", "--study", claim.name] if known else start).returncode:
            return status
    count = sum(len(claim.outcomes) for claim in CLAIMS)
    note = f"- Of this run: {options.note}\n" if options.note else ""
    head = HEAD.format(seeds=4, count=count, chance=0.05 * count, note=note)
    parts = [head, *(section(claim) for claim in CLAIMS)]
    options.markdown.write_text("\n".join(parts))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    core = (used.ru_utime + used.ru_stime) / 60
    print(f"wrote {options.markdown} after {(time.monotonic() - begun) / 60:.1f} minutes, {core:.1f} core-minutes")
    return 0


def section(claim: Claim) -> str:
    """Question, arms, and the comparison as the command prints it."""
    asked = [word for name in claim.outcomes for word in ("--outcome", name)]
    found = aarlab(["compare", *claim.compared, *asked, "--markdown"], capture=True)
    found.check_returncode()
    command = f"`aarlab compare {' '.join(claim.compared)}`"
    return "\n\n".join([f"## {claim.question}", claim.meaning, command, found.stdout.strip()]) + "\n"


def aarlab(arguments: Sequence[str], *, capture: bool = False) -> "subprocess.CompletedProcess[str]":
    """One command."""
    argv = [sys.executable, "-m", "aarlab.cli.main", *arguments]
    return subprocess.run(argv, check=False, text=True, stdout=subprocess.PIPE if capture else None)


if __name__ == "__main__":
    sys.exit(main())
