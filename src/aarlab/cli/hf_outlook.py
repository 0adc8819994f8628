"""What `aarlab check` says of a study on the hf backend, without a GPU, models or data: trainings, hours, dollars."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aarlab.settings import StudyConfig
    from aarlab.w2s.hf.cost import Outlook
    from aarlab.w2s.problem import W2SSettings

LIBRARIES = ("torch", "transformers", "peft", "accelerate")
COMMIT = 40


@dataclass(frozen=True)
class HfStudy:
    """A study whose problem fine-tunes models."""

    config: "StudyConfig"
    """Its settings."""
    outlook: "Outlook"
    """Its trainings."""
    missing: tuple[str, ...]
    """What `aarlab run` would want first."""

    @property
    def dollars(self) -> float:
        """What the lab's own trainings cost; those in sandboxes are in the study's estimate."""
        return self.outlook.own_hours * self.config.price.gpu_hour

    def facts(self) -> dict[str, Any]:
        """As those of a card."""
        from aarlab.w2s.hf.cost import facts

        return facts(self.outlook.sizes)

    def data(self) -> dict[str, Any]:
        """For --json."""
        from dataclasses import asdict

        lines = [asdict(line) | {"gpu_hours": line.gpu_hours} for line in self.outlook.lines]
        totals = {"gpu_hours": self.outlook.gpu_hours, "lab_dollars": self.dollars}
        return {
            "assumptions": self.outlook.assumptions.model_dump(),
            "lines": lines,
            **totals,
            "missing": list(self.missing),
        }

    def tables(self) -> list[Any]:
        """For a person."""
        from aarlab.cli.output import table

        lines = [
            (line.what, f"{line.trainings:,}", f"{line.seconds:,.0f}", f"{line.gpu_hours:,.1f}")
            for line in self.outlook.lines
        ]
        columns = ("trainings", "at most", "seconds each", "GPU-hours")
        title = "Trainings on GPUs, if (change with --assume NAME=NUMBER)"
        notes = self.outlook.assumptions.notes()
        return [
            table(("assumption", "", ""), notes, title=title, right=(1,)),
            "",
            table(columns, lines, right=(1, 2, 3)),
            "",
            *self._sentences(),
            *[f"missing here: {one}" for one in self.missing],
        ]

    def _sentences(self) -> list[str]:
        from aarlab.w2s.hf.cost import HOUR

        price, hours, own = self.config.price.gpu_hour, self.outlook.gpu_hours, self.outlook.own_hours
        verified = next(line for line in self.outlook.lines if line.what == "verifications")
        one = self.config.verify.runs * verified.seconds / HOUR
        whole, idea = self._published()
        return [
            f"all trainings: {hours:,.0f} GPU-hours, ${hours * price:,.0f} at ${price:g} an hour; of it the lab's own, "
            f"which no budget counts: {own:,.1f} GPU-hours, ${self.dollars:,.0f}",
            f"one training on all of train_unlabel: {self.outlook.full.seconds:,.0f} s{whole}; a draw has 40 % of the "
            "training files, so that draws differ",
            f"one verification with its controls: {one:,.1f} GPU-hours, ${one * price:,.2f}{idea}",
            *self._clock(),
        ]

    def _published(self) -> tuple[str, str]:
        """What to compare with, where the sizes are the study's own."""
        from aarlab.w2s.hf.cost import PUBLISHED, PUBLISHED_IDEA, STUDY

        name = next((name for name, sizes in STUDY.items() if sizes == self.outlook.sizes), None)
        if name is None:
            return "", ""
        seconds = PUBLISHED[name]["vanilla"]
        return (
            f" (published: {seconds:,.0f} s)",
            f" (published, one idea on five seeds: {PUBLISHED_IDEA[name]} GPU-hours)",
        )

    def _clock(self) -> list[str]:
        """Warnings where what is planned does not fit into the time."""
        config, lines = self.config, {line.what: line for line in self.outlook.lines}
        hours, verified = config.budget.minutes / 60, lines["verifications"]
        tried, fleet = lines["researchers' experiments"], len(config.places)
        found = []
        if verified.seconds > config.verify.seconds:
            found.append(f"verify.seconds = {config.verify.seconds:g} is less than one training takes")
        if tried.seconds > config.sandbox.seconds:
            found.append(f"sandbox.seconds = {config.sandbox.seconds:g} is less than one experiment takes")
        if tried.seconds > config.watchdog.silent_seconds:
            found.append(
                f"watchdog.silent_seconds = {config.watchdog.silent_seconds:g} is less than one experiment takes, and "
                "who says nothing for so long is started again"
            )
        if verified.gpu_hours > hours * config.verify.parallel:
            found.append(
                f"all verifications take {verified.gpu_hours / config.verify.parallel:,.0f} hours with "
                f"verify.parallel = {config.verify.parallel}, and the study has {hours:,.0f}"
            )
        if tried.gpu_hours > hours * fleet:
            found.append(
                f"{tried.trainings:,} experiments take {tried.gpu_hours:,.0f} hours, and {fleet} researchers have "
                f"{hours * fleet:,.0f} together with a GPU each"
            )
        return [f"warning: {one}" for one in found]


def hf_study(config: "StudyConfig", assume: Sequence[str], *, source: str) -> HfStudy | None:
    """None for any other study. Raises UserError on settings, data or assumptions that are wrong."""
    own = config.problem.own()
    if config.problem.kind != "w2s" or own.get("backend") != "hf":
        return None
    from aarlab.errors import UserError
    from aarlab.studyfile import parse_value, validate_table
    from aarlab.w2s.hf.cost import STUDY, TrainingAssumptions, outlook, sizes_of
    from aarlab.w2s.problem import W2SSettings

    settings = validate_table(W2SSettings, own, source=source, table="problem")
    split = [text.partition("=") for text in assume]
    given = {name.strip(): parse_value(value) for name, _, value in split}
    assumed = validate_table(TrainingAssumptions, given, source="--assume", table="assume")
    sizes = sizes_of(settings)
    if sizes is None:
        raise UserError(
            f"problem.domain: sizes are known of {', '.join(STUDY)} only; build problem.data to have others"
        )
    try:
        found = outlook(config, settings, sizes, assumed)
    except ValueError as error:
        raise UserError(f"{error}; say it with --assume weak_billions=N or strong_billions=N") from None
    return HfStudy(config, found, tuple(_missing(settings)))


def _missing(settings: "W2SSettings") -> list[str]:
    found = []
    if settings.data is None:
        found.append("problem.data: the hf backend reads texts; build a folder with `aarlab data build`")
    elif not Path(settings.data).expanduser().exists():
        found.append(f"the folder {settings.data} (problem.data); sizes above are the study's")
    for role in ("weak", "strong"):
        name, revision = getattr(settings.hf, role), getattr(settings.hf, f"{role}_revision")
        folder = Path(name).expanduser()
        if folder.is_dir() and not (folder / "config.json").is_file():
            found.append(f"problem.hf.{role}: {name} is a folder without config.json, so not one of a language model")
        if not folder.is_dir() and len(revision or "") != COMMIT:
            found.append(f"problem.hf.{role}_revision: the commit of {name} on the Hub, {COMMIT} hexadecimal digits")
    absent = [name for name in LIBRARIES if find_spec(name) is None]
    if absent:
        found.append(f"{', '.join(absent)}: pip install 'aarlab[hf]'")
    if not Path("/dev/nvidiactl").exists():
        found.append("a GPU")
    return found
