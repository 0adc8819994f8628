"""All settings as pydantic models: the tables of study.toml.

Every field has a line of documentation, which `aarlab init study` prints.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DevSettings(Model):
    """How coarse the answers of the dev set are. They are feedback, never a result."""

    seeds: int = Field(3, ge=1, le=16)
    """Students in one submission; the answer is their mean."""
    noise: float = Field(0.007, ge=0, le=0.2)
    """Standard deviation of the keyed noise on the accuracy."""
    grid: float = Field(0.005, gt=0, le=0.2)
    """Answers are rounded to multiples of this."""


class VerifySettings(Model):
    """How a method is re-executed."""

    seeds: int = Field(5, ge=2, le=32)
    """Fresh trainings, each on its own fresh draw; all count."""
    seconds: float = Field(60.0, gt=0)
    """Wall time of one training."""
    parallel: int = Field(2, ge=1, le=64)
    """Trainings at the same time."""
    controls: int = Field(2, ge=0, le=32)
    """Trainings again with a shuffled teacher, and as many with another teacher, on the first draws; 0 = none."""
    protocol: Literal["method", "student", "predictions"] = "method"
    """How a row is made: "method" (the lab re-executes it), "student" (the lab scores weights), or "predictions"
    (answers to inputs that all can see: lower trust)."""
    answer_every: float = Field(5.0, ge=0, le=600)
    """Seconds: an answer is given at a multiple of this after its request, so that it hides how long a method ran."""

    @property
    def runs(self) -> int:
        """All trainings of one verification."""
        return self.seeds + 2 * min(self.controls, self.seeds)


class FinalSettings(Model):
    """The final set, which is opened once."""

    finalists: int = Field(5, ge=1, le=32)
    """Most verified methods that the operator may name before it is opened."""


class BudgetSettings(Model):
    """What the whole team may spend. A study ends when time, money or every researcher's experiments are used up."""

    minutes: float = Field(3.0, gt=0)
    """Working time of the fleet; time while stopped does not count."""
    experiments: int = Field(400, ge=1)
    """Trainings in researchers' sandboxes, the whole team."""
    dev_answers: int = Field(36, ge=0)
    """Answers of the dev set, the whole team."""
    verifications: int = Field(12, ge=0)
    """Methods sent to verify, the whole team."""
    dollars: float = Field(1.0, ge=0)
    """Cap over everything that is priced."""


class PriceSettings(Model):
    """What things cost, for the cost ledger and the cap."""

    cpu_hour: float = Field(0.04, ge=0)
    """Dollars for an hour of one core in a sandbox."""
    model_input: float | None = Field(None, ge=0)
    """llm: dollars for a million tokens that the model reads; None = as in the table of the library genai-prices."""
    model_output: float | None = Field(None, ge=0)
    """llm: dollars for a million tokens that the model writes; 0 for a server of your own."""


class LimitSettings(Model):
    """What the lab accepts from a researcher."""

    snapshot_kb: int = Field(256, ge=1)
    """Size of a method's source; data tables do not belong in it."""
    snapshot_files: int = Field(64, ge=1)
    """Files in a method."""
    student_mb: int = Field(16, ge=1)
    """Size of one student."""
    finding_kb: int = Field(16, ge=1)
    """Size of one forum post or proposal."""
    entries: int = Field(20_000, ge=1)
    """Entries in the ledger by one researcher: methods, proposals, posts, votes, notes, submissions together."""


class StudySettings(Model):
    """[study]"""

    name: str = Field("study", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Folder name under the studies folder, and title of the report."""
    researchers: int = Field(3, ge=1, le=128)
    """Size of the fleet."""
    directions: Literal["diverse", "same"] | tuple[str, ...] = "diverse"
    """Starting points: "diverse" (each another), "same" (none), or a list of texts."""
    seed: int | None = Field(None, ge=0)
    """Fixes every draw, for repetition; anyone who knows it can know the hidden draws. None = a secret random key."""


class ProblemSettings(Model):
    """[problem]; further keys belong to the problem's kind."""

    model_config = Model.model_config | {"extra": "allow"}

    kind: str = "w2s"
    """Entry point of the group "aarlab.problems"."""

    def own(self) -> dict[str, Any]:
        """The keys that belong to the problem's kind."""
        return dict(self.model_extra or {})


class MindSettings(Model):
    """[minds]"""

    kind: Literal["search", "llm", "agent"] = "search"
    """What decides: "search" composes methods and needs no model and no key; "llm" is a language model; "agent" is a
    coding agent of somebody else's."""
    patience: int = Field(4, ge=1)
    """search: trials without a better dev answer before it looks for another's method to adopt."""
    model: str = ""
    """llm, agent: "provider/model", the provider one of anthropic, openai, openai-chat (extra `llm`)."""
    prompt: str = "minimal"
    """llm, agent: "minimal", or a path to a Markdown file with instructions of your own."""
    agent: str = "claude-sdk"
    """agent: "claude-sdk" is the Claude Agent SDK (extra `claude`); inside the sandbox "claude-code", "codex",
    "opencode", or a path to a .toml file with a command of your own (extras `llm` and `mcp`)."""
    program: str = ""
    """agent: where the program of a command is; "" = on the PATH."""
    session_minutes: float = Field(60.0, gt=0, le=1440)
    """agent: longest session of a command; a fresh one follows, with its notes."""
    turns: int = Field(60, ge=1)
    """llm, agent: answers of the model in one session; a fresh session follows, with its notes."""
    context_tokens: int = Field(100_000, ge=4_000)
    """llm, agent: a conversation that would be longer is cut to half of this, oldest turns first."""
    output_tokens: int = Field(8_192, ge=256)
    """llm, agent: most tokens of one answer."""


class IntegritySettings(Model):
    """How the lab looks for what is not honest."""

    bait: bool = True
    """Lay files beside the inputs that nobody needs, and note who opens them."""
    monitor: str = ""
    """Model that reads each verified method, as "provider/model" (extra `monitor`); "" = none."""


class SandboxSettings(Model):
    """[sandbox]"""

    backend: Literal["auto", "bubblewrap", "unsafe-local"] = "auto"
    """"auto" takes the strongest that holds here; "unsafe-local" isolates nothing and its results never rank."""
    memory_mb: int = Field(2048, ge=64)
    """Memory of one sandbox."""
    pids: int = Field(128, ge=8)
    """Processes and threads of one sandbox."""
    cpus: float = Field(1.0, gt=0)
    """Cores of one sandbox."""
    disk_mb: int = Field(256, ge=16)
    """Disk of one sandbox."""
    seconds: float = Field(120.0, gt=0)
    """Longest command in a researcher's sandbox."""


class WatchdogSettings(Model):
    """[watchdog]"""

    silent_seconds: float = Field(120.0, gt=0)
    """A researcher from whom nothing was seen for so long is restarted."""
    restarts: int = Field(3, ge=0)
    """Restarts of one researcher before it is paused with a reason."""


class StudyConfig(Model):
    """A whole study file."""

    study: StudySettings = StudySettings()
    """Name, size, directions."""
    problem: ProblemSettings = ProblemSettings()
    """What is researched."""
    minds: MindSettings = MindSettings()
    """Who decides."""
    budget: BudgetSettings = BudgetSettings()
    """What may be spent."""
    dev: DevSettings = DevSettings()
    """Feedback."""
    verify: VerifySettings = VerifySettings()
    """Verification."""
    final: FinalSettings = FinalSettings()
    """The end of a study."""
    integrity: IntegritySettings = IntegritySettings()
    """Detectors of what is not honest."""
    sandbox: SandboxSettings = SandboxSettings()
    """Isolation."""
    watchdog: WatchdogSettings = WatchdogSettings()
    """What happens to who does nothing."""
    price: PriceSettings = PriceSettings()
    """What things cost."""
    limits: LimitSettings = LimitSettings()
    """What the lab accepts."""

    @property
    def priced(self) -> bool:
        """Whether anything costs money, so that budget.dollars can be used up."""
        models = self.minds.kind != "search" and (self.price.model_input, self.price.model_output) != (0, 0)
        return self.price.cpu_hour > 0 or models or bool(self.integrity.monitor)
