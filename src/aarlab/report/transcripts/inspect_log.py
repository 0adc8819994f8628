"""Transcripts as one log of Inspect, for its viewer and its API: a sample a researcher, its sessions as spans in it.

Needs the extra `inspect`. Sessions are no epochs: an epoch repeats a sample, and a session goes on where one ended.
"""

import math
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from aarlab.errors import OperatorError, UserError
from aarlab.report.transcripts.entries import Began, Entry
from aarlab.report.transcripts.exhibit import Collection, Exhibit
from aarlab.report.transcripts.turns import add_up

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalResults, EvalSample, EvalSpec
    from inspect_ai.scorer import Score

ENDING = ".eval"
SCORE = "verified"
"""Name of the score: the problem's metric of the researcher's best row on the board."""
NOTHING = datetime(1970, 1, 1, tzinfo=UTC)
"""Time of a transcript without any."""


def write_inspect(found: Collection, target: Path) -> None:
    """Writes the log. Raises UserError for a target that cannot be, OperatorError where the library is missing."""
    if find_spec("inspect_ai") is None:
        raise OperatorError('a log of Inspect needs a library: pip install "aarlab[inspect]"')
    if target.suffix != ENDING:
        raise UserError(f"{target}: a log of Inspect ends in {ENDING}")
    if not target.parent.is_dir():
        raise UserError(f"{target}: there is no folder {target.parent}")
    from inspect_ai.log import write_eval_log

    try:
        write_eval_log(_log(found), str(target.absolute()))
    except OSError as error:
        raise UserError(f"{target}: cannot be written: {error.strerror}") from None


def _log(found: Collection) -> "EvalLog":
    from inspect_ai.log import EvalLog, EvalStats

    samples = [_sample(one) for one in found.exhibits]
    usage = {model: used for sample in samples for model, used in sample.model_usage.items()}
    for model in usage:
        used = [sample.model_usage[model] for sample in samples if model in sample.model_usage]
        usage[model] = sum(used[1:], used[0])
    every = [entry for one in found.exhibits for entry in one.entries]
    first, last = _ends(every)
    return EvalLog(
        status="success",
        eval=_spec(found, created=first),
        results=_results(found),
        stats=EvalStats(started_at=first.isoformat(), completed_at=last.isoformat(), model_usage=usage),
        samples=samples,
    )


def _spec(found: Collection, *, created: datetime) -> "EvalSpec":
    from inspect_ai.log import EvalConfig, EvalDataset, EvalSpec
    from inspect_ai.viewer import ViewerConfig

    names = [one.researcher for one in found.exhibits]
    models = {entry.model for one in found.exhibits for entry in one.entries if isinstance(entry, Began)}
    own = sha256("/".join((found.head, *names)).encode()).hexdigest()[:22]
    return EvalSpec(
        eval_id=own,
        run_id=own,
        created=created.isoformat(),
        task=found.study,
        task_id=sha256(found.study.encode()).hexdigest()[:22],
        dataset=EvalDataset(name=found.problem, samples=len(names), sample_ids=names),
        model=", ".join(sorted(models)) or "none/none",
        config=EvalConfig(epochs=1),
        packages={"aarlab": version("aarlab")},
        tags=["aarlab"],
        metadata={
            "study": found.study,
            "problem": found.problem,
            "ledger_entries": found.entries,
            "ledger_head": found.head,
        },
        viewer=ViewerConfig(trust_content=False),  # text of models and researchers: to be shown as it is
    )


def _sample(one: Exhibit) -> "EvalSample":
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ModelOutput

    from aarlab.report.transcripts.inspect_events import Recorder

    first, last = _ends(one.entries)
    recorder = Recorder(one.researcher, first=first)
    recorder.record(one.entries)
    total = add_up(one.entries)
    return EvalSample(
        id=one.researcher,
        epoch=1,
        input=one.direction,
        target="",
        messages=recorder.messages,
        output=recorder.output or ModelOutput(),
        scores={SCORE: _score(one)},
        metadata={
            "researcher": one.researcher,
            "mind": one.mind,
            "direction": one.direction,
            "family": one.family,
            "sessions": total.sessions,
            "tool_calls": total.calls,
            "failed_calls": total.troubles,
            "damaged_lines": total.damaged,
            "dollars": total.dollars,
            "rows": [row.model_dump(mode="json") for row in one.rows],
        },
        events=recorder.events,
        model_usage=recorder.usage,
        started_at=first.isoformat(),
        completed_at=last.isoformat(),
        total_time=(last - first).total_seconds(),
        working_time=total.model_seconds + total.tool_seconds,
        uuid=sha256(f"{one.researcher}/{first.isoformat()}".encode()).hexdigest()[:22],
        turn_count=total.answers,
    )


def _score(one: Exhibit) -> "Score":
    """The board's word on a researcher. Where there is none the value is NaN, as Inspect has what is not scored."""
    from inspect_ai.scorer import Score

    row = one.best
    if row is None or row.value is None:
        others = ", ".join(f"{row.submission}: {row.standing or row.status}" for row in one.rows)
        words = f"no row that ranks ({others})" if others else "no verified row"
        return Score.unscored(reason="no_verified_row", answer="-", explanation=words)
    within = (
        f"95 % interval {row.low:+.4f} to {row.high:+.4f}, " if row.low is not None and row.high is not None else ""
    )
    return Score(
        value=row.value,
        answer=row.submission,
        explanation=f"{row.value:+.4f}, {within}rank {row.rank}: {row.name}",
        metadata=row.model_dump(mode="json"),
    )


def _results(found: Collection) -> "EvalResults":
    from inspect_ai.log import EvalMetric, EvalResults, EvalScore

    values = [one.best.value for one in found.exhibits if one.best is not None and one.best.value is not None]
    count = len(found.exhibits)
    figures = {"best": max(values, default=math.nan), "mean": sum(values) / len(values) if values else math.nan}
    score = EvalScore(
        name=SCORE,
        scorer=SCORE,
        scored_samples=len(values),
        unscored_samples=count - len(values),
        metrics={name: EvalMetric(name=name, value=value) for name, value in figures.items()},
    )
    return EvalResults(total_samples=count, completed_samples=count, scores=[score])


def _ends(entries: "tuple[Entry, ...] | list[Entry]") -> tuple[datetime, datetime]:
    """When the first thing began, and when the last had ended."""
    times = [entry.time for entry in entries if entry.time is not None]
    return min(times, default=NOTHING), max(times, default=NOTHING)
