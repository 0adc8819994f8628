"""One researcher's process: `python -m aarlab.fleet.researcher --study DIR --name r1`.

It runs on the lab's side: the mind decides here, what it writes runs in the sandbox. SIGTERM ends it in three seconds.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from aarlab.api.client import Door, Operator
from aarlab.errors import AarlabError, OperatorError
from aarlab.fleet.bench import Bench, fair_share
from aarlab.fleet.housing import backend_of, house
from aarlab.fleet.meter import Meter
from aarlab.fleet.transcript import Transcript
from aarlab.minds.protocol import Mind, Stopped
from aarlab.minds.search.mind import SearchMind
from aarlab.paths import StudyPaths
from aarlab.sandbox.protocol import Sandbox
from aarlab.settings import StudyConfig
from aarlab.studyfile import load_study

DEADLINE_SECONDS = 120.0
"""How long a researcher waits for a lab that is restarted."""
STOP_SECONDS = 2.5
_LOG = logging.getLogger("aarlab.researcher")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 when done or told to stop, else that of the error in the last line of the log."""
    parser = argparse.ArgumentParser(prog="python -m aarlab.fleet.researcher", description="Runs one researcher.")
    parser.add_argument("--study", type=Path, required=True, help="folder with study.toml")
    parser.add_argument("--name", required=True, help="as admitted")
    options = parser.parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        work(StudyPaths(options.study.absolute()), name=options.name)
    except Stopped:
        _LOG.info("stopped")
    except AarlabError as error:
        _LOG.error("%s", error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - top of the process: one line for the ledger, the rest for who looks
        _LOG.debug("", exc_info=True)
        _LOG.error("%s: %s", type(error).__name__, " ".join(str(error).split()))
        return 1
    return 0


def work(paths: StudyPaths, *, name: str) -> None:
    """Runs the mind until it ends. Raises Stopped and AarlabError."""
    config, stop, socket = load_study(paths.config), threading.Event(), paths.socket_folder(name) / "lab.sock"
    with Operator(paths.operator_socket, deadline=DEADLINE_SECONDS) as operator:
        index = _index(operator, name)
        shelves = shelves_of(config)
        sandbox = house(backend_of(config.sandbox), paths, config.sandbox, name=name, index=index, shelves=shelves)
        _end_on_sigterm(sandbox, stop)
        meter = Meter(paths.logs / f"{name}.usage.json", operator, researcher=name)
        with sandbox, Door(socket, deadline=DEADLINE_SECONDS) as door:
            share = fair_share(config.budget, index=index, researchers=config.study.researchers)
            seconds, kept = config.sandbox.seconds, Transcript(paths.transcripts / f"{name}.jsonl")
            bench = Bench(
                door,
                sandbox,
                meter=meter,
                share=share,
                seconds=seconds,
                stop=stop,
                log=lambda line: _LOG.info("%s", kept.clean(line)),
                record=kept.add,
                cpu_hour=config.price.cpu_hour,
            )
            try:
                make_mind(config).run(bench)
            finally:
                meter.report()


def make_mind(config: StudyConfig) -> Mind:
    """What decides, by the settings. Raises UserError and OperatorError where a language model cannot be used."""
    if config.minds.kind == "search":
        return SearchMind(patience=config.minds.patience)
    if config.minds.kind == "agent":
        from aarlab.minds.agent.choose import agent_mind

        return agent_mind(config.minds, price=config.price)
    from aarlab.minds.llm.mind import LlmMind

    return LlmMind(config.minds, price=config.price)


def shelves_of(config: StudyConfig) -> Mapping[str, Path]:
    """What a sandbox needs of the host besides, by its place inside. Raises UserError where it is not installed."""
    if config.minds.kind != "agent":
        return {}
    from aarlab.minds.agent.choose import shelves

    return shelves(config.minds, sandbox=config.sandbox)


def _index(operator: Operator, name: str) -> int:
    names = [one.name for one in operator.state().researchers]
    if name not in names:
        raise OperatorError(f"the lab knows no researcher {name!r}; `aarlab run` admits researchers")
    return names.index(name)


def _end_on_sigterm(sandbox: Sandbox, stop: threading.Event) -> None:
    """Tells the mind to stop, ends what runs in the sandbox, and if that does not suffice ends the process."""

    def give_up() -> None:
        sandbox.close()
        os._exit(0)

    def end(*_: object) -> None:
        stop.set()
        threading.Thread(target=sandbox.kill, daemon=True).start()
        timer = threading.Timer(STOP_SECONDS, give_up)
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, end)


if __name__ == "__main__":
    raise SystemExit(main())
