"""All settings as pydantic models: the tables of study.toml.

Every field has a line of documentation, which `aarlab init study` prints.
"""

from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

END_SECONDS = 1.0
"""Beyond its time limit, until a command that is killed has ended and what it used is counted."""


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


class ModelPrice(Model):
    """[[price.model]]: what one model costs, in dollars for a million tokens."""

    name: str = Field(pattern=r"^[a-z-]+/[!-~]{1,200}$")
    """"provider/model", as in minds.model and integrity.monitor."""
    input: float = Field(ge=0, allow_inf_nan=False)
    """Tokens that the model reads."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """Tokens that it writes, what it thinks among them."""
    cache_read: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Tokens that it reads out of the provider's cache; None = as `input`."""
    cache_write: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Tokens that the provider puts into its cache; None = `input`, and a quarter more with anthropic."""
    as_of: date | None = None
    """Day on which somebody looked this up."""

    @property
    def free(self) -> bool:
        """Whether a call costs nothing."""
        return not any((self.input, self.output, self.cache_read, self.cache_write))


class PriceSettings(Model):
    """What things cost, for the cost ledger and the cap."""

    cpu_hour: float = Field(0.04, ge=0)
    """Dollars for an hour of one core in a sandbox."""
    gpu_hour: float = Field(2.5, ge=0)
    """Dollars for an hour in which a sandbox holds one GPU, whether it uses it or not."""
    model_input: float | None = Field(None, ge=0)
    """Minds: dollars for a million tokens that a model reads which has no table below; None = as in the table of the
    library genai-prices."""
    model_output: float | None = Field(None, ge=0)
    """Minds: dollars for a million tokens that such a model writes; 0 for a server of your own."""
    model: tuple[ModelPrice, ...] = ()
    """Prices of single models, as tables [[price.model]]: name = "provider/model", input, output, cache_read,
    cache_write in dollars for a million tokens, and as_of, the day on which you looked them up."""

    @model_validator(mode="after")
    def _one_price_each(self) -> Self:
        names = [one.name for one in self.model]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two tables price.model are about {twice}")
        return self

    def of_model(self, name: str, *, short: bool = True) -> ModelPrice | None:
        """What these settings say of "provider/model"; None = nothing. `short`: model_input and model_output count."""
        found = next((one for one in self.model if one.name == name), None)
        if found is None and short and self.model_input is not None and self.model_output is not None:
            return ModelPrice(name=name, input=self.model_input, output=self.model_output)
        return found

    def machine(self, *, core_seconds: float, gpu_seconds: float = 0.0) -> float:
        """Dollars for what sandboxes have used."""
        return (core_seconds * self.cpu_hour + gpu_seconds * self.gpu_hour) / 3600


class TrackingSettings(Model):
    """[tracking]"""

    tracker: Literal["", "jsonl", "wandb", "mlflow", "trackio", "tensorboard"] = ""
    """Where verified rows, counts and costs go as they come (extras of these names; "jsonl" needs none and writes
    tracking/samples.jsonl); "" = nowhere. Keys and addresses come from its usual environment variables."""
    project: str = Field("aarlab", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Project or experiment of which the study is a run."""
    texts: bool = False
    """Send titles of verified methods and who wrote them, too: words of researchers."""


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
    forum: Literal["on", "off", "files", "search"] = "on"
    """What researchers see of each other: "on" (everything), "files" (posts as files in the sandbox only), "search"
    (posts that a search finds only), "off" (nothing: neither posts, methods nor rows). The lab's doors enforce it."""
    library: Literal["full", "none"] = "full"
    """What researchers find in /library: all of it, or nothing but papers; the kit itself is there in any case."""
    papers: tuple[str, ...] = ()
    """Markdown, text and PDF files of yours, or folders of them, for /library/papers (PDF: extra `pdf`)."""
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
    """"minimal", or "prescribed" (a fixed workflow; of a search: the parts of a method one after another, in a fixed
    order); llm, agent: or a path to a Markdown file with your instructions."""
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
    calls: Literal["native", "json"] = "native"
    """llm: how it calls tools: "native", or "json" for a model or a server that knows no tools: each answer is one
    call, as JSON of a form that the server enforces."""
    output_tokens: int = Field(8_192, ge=256)
    """llm, agent: most tokens of one answer."""
    stall_seconds: float = Field(300.0, gt=0)
    """llm: a provider that sends nothing for so long while it answers is asked again."""

    @property
    def words(self) -> str:
        """As it is called where researchers are listed: "search", "llm anthropic/claude-sonnet-5-5"."""
        name = {"agent": f"{Path(self.agent).stem} "}.get(self.kind, "")
        return self.kind if self.kind == "search" else f"{self.kind} {name}{self.model}".strip()


class ResearcherSettings(Model):
    """[[researcher]]: one researcher, or several alike, with a mind, a direction or caps of their own."""

    name: str = Field("", pattern=r"^([a-z][a-z0-9-]{0,26})?$")
    """Its name, with -1, -2, ... behind it where `count` is above 1; "" = r and its number in the fleet."""
    count: int = Field(1, ge=1, le=128)
    """How many of this kind."""
    minds: dict[str, Any] = Field(default_factory=dict)
    """Fields of [minds] that are others for it."""
    direction: str | None = None
    """Title or family of one of the nine, or a text; "" = none; left out = as study.directions has it."""
    dollars: float | None = Field(None, ge=0)
    """Cap of each: its model and its sandbox. Caps left out are equal shares of what the others leave."""
    experiments: int | None = Field(None, ge=0)
    """Cap of each: trainings in its sandbox."""
    dev_answers: int | None = Field(None, ge=0)
    """Cap of each: answers of the dev set."""
    verifications: int | None = Field(None, ge=0)
    """Cap of each: methods sent to verify."""


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
    gpus: int = Field(0, ge=0, le=64)
    """NVIDIA GPUs that every sandbox may use, the first of this host; 0 = none. Sandboxes that run at the same time
    share them, and each is charged for them."""
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
    idle_minutes: float = Field(15.0, gt=0)
    """llm, agent: minutes without a call of a tool after which it is warned; after as many again it is paused."""
    provider_minutes: float = Field(10.0, ge=0)
    """llm: how long a provider may stay away, or refuse for a while, before the researcher is paused."""
    repeats: int = Field(6, ge=2)
    """llm, agent: repetitions (the same call with the same result, what was handed in before, refused calls) in a row
    after which it is warned; after twice as many it is paused."""
    empty_sessions: int = Field(3, ge=1)
    """llm, agent: sessions in a row without a call of a tool after which it is paused; it is warned one before."""


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
    tracking: TrackingSettings = TrackingSettings()
    """A tracker of experiments."""
    limits: LimitSettings = LimitSettings()
    """What the lab accepts."""
    researcher: tuple[ResearcherSettings, ...] = ()
    """Who takes part, where not all are alike."""

    @property
    def places(self) -> list[tuple[str, ResearcherSettings]]:
        """Name and own settings of each researcher of the fleet, in the order of admission."""
        own = [(one, number) for one in self.researcher for number in range(1, one.count + 1)]
        own = own or [(ResearcherSettings(), 1)] * self.study.researchers
        return [(_name(one, place, number), one) for place, (one, number) in enumerate(own, 1)]

    @property
    def priced(self) -> bool:
        """Whether anything costs money, so that budget.dollars can be used up."""
        models = any(self._costs(self.minds_of(one)) for _, one in self.places)
        gpus = self.sandbox.gpus > 0 and self.price.gpu_hour > 0
        return self.price.cpu_hour > 0 or gpus or models or bool(self.integrity.monitor)

    def minds_of(self, own: ResearcherSettings) -> MindSettings:
        """[minds] with what is other for one researcher."""
        return MindSettings.model_validate({**self.minds.model_dump(), **own.minds})

    def _costs(self, minds: MindSettings) -> bool:
        """Whether its model does, or may."""
        known = self.price.of_model(minds.model)
        return minds.kind != "search" and (known is None or not known.free)

    @property
    def verification_dollars(self) -> float:
        """The most that one verification costs. What is not re-executed costs nothing."""
        if self.verify.protocol != "method":
            return 0.0
        seconds = self.verify.runs * (self.verify.seconds + END_SECONDS)
        return seconds * self.sandbox_second

    @property
    def sandbox_second(self) -> float:
        """Dollars for a second of a sandbox that is busy."""
        return self.price.machine(core_seconds=self.sandbox.cpus, gpu_seconds=self.sandbox.gpus)


def _name(own: ResearcherSettings, place: int, number: int) -> str:
    """The name of the `number`-th researcher of a table, which is the `place`-th of the fleet."""
    if not own.name:
        return f"r{place}"
    return own.name if own.count == 1 else f"{own.name}-{number}"
