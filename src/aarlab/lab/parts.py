"""What a lab is made from, and what its desks share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from aarlab.errors import OperatorError
from aarlab.integrity.monitor import make_monitor
from aarlab.lab.blobs import FolderBlobs
from aarlab.lab.crew import Crew
from aarlab.lab.dev import DATA_KEY, Dev
from aarlab.lab.direct import Direct
from aarlab.lab.final import Final
from aarlab.lab.heads import Signer
from aarlab.lab.inspection import Inspector
from aarlab.lab.ledger import Ledger
from aarlab.lab.notary import Notary
from aarlab.lab.office import MOST
from aarlab.lab.rerun import Bench
from aarlab.lab.reviews import Reviews
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.sqlite_store import SqliteStore
from aarlab.lab.transfers import Transfers
from aarlab.lab.vault import Vault
from aarlab.lab.verify import Verify
from aarlab.paths import StudyPaths
from aarlab.problem.contract import Problem
from aarlab.sandbox.protocol import Runtime, SandboxBackend
from aarlab.settings import StudyConfig

Fatal = Callable[[OperatorError], None]
"""Is told when the host cannot go on."""


@dataclass(frozen=True)
class Parts:
    """What a lab is made from."""

    paths: StudyPaths
    """Where the study lives."""
    config: StudyConfig
    """Its settings."""
    problem: Problem
    """What is researched."""
    backend: SandboxBackend
    """Where methods are re-executed."""
    runtime: Runtime
    """The Python of sandboxes."""


@dataclass(frozen=True)
class Crews:
    """Who computes."""

    dev: Crew
    verify: Crew
    marks: Crew
    answers: Crew
    """Gives answers to verifications when their time has come."""
    monitor: Crew
    transfer: Crew

    @classmethod
    def of(cls, *, parallel: int, fatal: Fatal) -> Self:
        """One worker each, but `parallel` for verification."""
        workers = {"dev": 1, "verify": parallel, "marks": 1, "answers": 1, "monitor": 1, "transfer": 1}
        return cls(**{name: Crew(name, workers=count, fatal=fatal) for name, count in workers.items()})

    def __iter__(self) -> Iterator[Crew]:
        return iter((self.dev, self.verify, self.marks, self.answers, self.monitor, self.transfer))


@dataclass(frozen=True)
class Shared:
    """What the desks of one lab share; builds those that need much of it."""

    parts: Parts
    vault: Vault
    blobs: FolderBlobs
    snapshots: Snapshots
    crews: Crews
    bench: Bench
    notary: Notary
    ledger: Ledger
    inspector: Inspector
    direct: Direct | None
    """Grades files where no method is re-executed."""

    @classmethod
    def open(cls, parts: Parts, *, fatal: Fatal) -> Self:
        """Opens or creates what a study keeps. Raises OperatorError (host, ledger)."""
        paths, config, problem = parts.paths, parts.config, parts.problem
        vault, blobs = Vault(paths.vault, seed=config.study.seed), FolderBlobs(paths.blobs)
        snapshots = Snapshots(paths.snapshots)
        bench = Bench(problem, parts.backend, parts.runtime, config, paths.runtime / "verify")
        bench.clear()
        notary = Notary(paths, Signer(vault.signing_key(), study=config.study.name), fatal=fatal)
        ledger = Ledger(SqliteStore(paths.database), fatal=fatal, durable=notary.saw)
        inspector = Inspector(
            ledger,
            snapshots,
            blobs,
            problem=problem,
            protocol=config.verify.protocol,
            key=vault.subkey(*DATA_KEY),
            logs=paths.logs,
        )
        direct = Direct.of(problem, config=config, blobs=blobs, vault=vault)
        crews = Crews.of(parallel=config.verify.parallel, fatal=fatal)
        return cls(parts, vault, blobs, snapshots, crews, bench, notary, ledger, inspector, direct)

    def dev(self) -> Dev:
        """The dev door."""
        return Dev(
            self.ledger,
            self.blobs,
            vault=self.vault,
            problem=self.parts.problem,
            inspector=self.inspector,
            settings=self.parts.config.dev,
            crew=self.crews.dev,
        )

    def reviews(self) -> Reviews:
        """The monitor's desk."""
        config = self.parts.config
        monitor = make_monitor(config.integrity.monitor, price=config.price, folder=self.parts.paths.vault / "reviews")
        return Reviews(self.ledger, inspector=self.inspector, monitor=monitor, crew=self.crews.monitor)

    def verify(self, *, finished: Callable[[str], None]) -> Verify:
        """The verify door."""
        return Verify(
            self.ledger,
            self.snapshots,
            vault=self.vault,
            bench=self.bench,
            inspector=self.inspector,
            crew=self.crews.verify,
            uid=self._uid,
            finished=finished,
            blobs=self.blobs,
            direct=self.direct,
            every=self.parts.config.verify.answer_every,
            clerk=self.crews.answers,
        )

    def final(self) -> Final:
        """The final set."""
        return Final(
            self.ledger,
            self.snapshots,
            vault=self.vault,
            bench=self.bench,
            crew=self.crews.verify,
            uid=self._uid,
            direct=self.direct,
        )

    def transfers(self) -> Transfers:
        """Methods on other domains."""
        own = self.parts.paths
        return Transfers(
            self.ledger, self.snapshots, keys=self.vault, bench=self.bench, crew=self.crews.transfer, paths=own
        )

    def _uid(self, slot: int) -> int | None:
        """Of a worker's sandboxes."""
        return self.parts.paths.uid(MOST + slot)
