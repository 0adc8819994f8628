"""One researcher's process: `python -m aarlab.fleet.researcher --study DIR --name r1`.

It runs on the lab's side: the mind decides here, what it writes runs in the sandbox. SIGTERM ends it in three seconds.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from aarlab.api.client import Door, Operator
from aarlab.errors import AarlabError, OperatorError
from aarlab.fleet.bench import Bench
from aarlab.fleet.forum_files import posts_of
from aarlab.fleet.guard import NOWHERE, Guard, steer
from aarlab.fleet.housing import backend_of, house
from aarlab.fleet.meter import Meter
from aarlab.fleet.roster import roster
from aarlab.fleet.transcript import Transcript, into_ledger
from aarlab.minds.protocol import GivenUp, Mind, Stopped
from aarlab.minds.search.mind import SearchMind
from aarlab.paths import StudyPaths
from aarlab.sandbox.protocol import Sandbox
from aarlab.settings import MindSettings, PriceSettings, SandboxSettings, StudyConfig
from aarlab.studyfile import load_study
from aarlab.wire import ResearcherState

DEADLINE_SECONDS = 120.0
"""How long a researcher waits for a lab that is restarted."""
STOP_SECONDS = 2.5
_LOG = logging.getLogger("aarlab.researcher")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 when done or told to stop, NOWHERE, or that of the error; the log's last line has the reason."""
    parser = argparse.ArgumentParser(prog="python -m aarlab.fleet.researcher", description="Runs one researcher.")
    parser.add_argument("--study", type=Path, required=True, help="folder with study.toml")
    parser.add_argument("--name", required=True, help="as admitted")
    options = parser.parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        work(StudyPaths(options.study.absolute()), name=options.name)
    except GivenUp as reason:
        _LOG.error("%s", reason)
        return NOWHERE
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
        index, state = _found(operator, name)
        place = next(one for one in roster(config) if one.name == name)
        minds = place.minds if state.minds is None else MindSettings.model_validate(state.minds)
        shelves = shelves_of(minds, config.sandbox)
        sandbox = house(backend_of(config.sandbox), paths, config.sandbox, name=name, index=index, shelves=shelves)
        end = _end_on_sigterm(sandbox, stop)
        meter = Meter(paths.logs / f"{name}.usage.json", operator, researcher=name, price=config.price)
        guard = Guard(config.watchdog, say=partial(_say, operator, name), end=partial(_given_up, end))
        with sandbox, guard, Door(socket, deadline=DEADLINE_SECONDS) as door:
            kept = Transcript(paths.transcripts / f"{name}.jsonl", seal=into_ledger(operator, name))
            bench = Bench(
                door,
                sandbox,
                meter=meter,
                share=place.share,
                seconds=config.sandbox.seconds,
                stop=stop,
                log=lambda line: _LOG.info("%s", kept.clean(line)),
                record=kept.add,
                second=config.price.machine(core_seconds=config.sandbox.cpus),
                guard=guard,
                posts=posts_of(door, operator),
            )
            try:
                make_mind(minds, price=config.price).run(bench)
            finally:
                meter.close()
                kept.close()


def make_mind(settings: MindSettings, *, price: PriceSettings) -> Mind:
    """What decides, by the settings. Raises UserError and OperatorError where a language model cannot be used."""
    if settings.kind == "search":
        return SearchMind(patience=settings.patience, prescribed=settings.prompt == "prescribed")
    if settings.kind == "agent":
        from aarlab.minds.agent.choose import agent_mind

        return agent_mind(settings, price=price)
    from aarlab.minds.llm.mind import LlmMind

    return LlmMind(settings, price=price)


def check_minds(config: StudyConfig, *, replaced: Mapping[str, Mapping[str, Any] | None] | None = None) -> None:
    """Makes every mind of the fleet once, and drops it. `replaced`: settings of those that are others by now.

    Raises UserError and OperatorError, with the researcher's name where not all are alike.
    """
    seen: list[MindSettings] = []
    for place in roster(config):
        given = (replaced or {}).get(place.name)
        minds = place.minds if given is None else MindSettings.model_validate(given)
        if minds in seen:
            continue
        seen.append(minds)
        try:
            make_mind(minds, price=config.price)
        except AarlabError as error:
            if not config.researcher and given is None:
                raise
            raise type(error)(f"{place.name}: {error}") from None


def shelves_of(settings: MindSettings, sandbox: SandboxSettings) -> Mapping[str, Path]:
    """What a sandbox needs of the host besides, by its place inside. Raises UserError where it is not installed."""
    if settings.kind != "agent":
        return {}
    from aarlab.minds.agent.choose import shelves

    return shelves(settings, sandbox=sandbox)


def _found(operator: Operator, name: str) -> tuple[int, ResearcherState]:
    """Its place among all that were admitted, people too, and what the lab says of it."""
    for index, one in enumerate(operator.state().researchers):
        if one.name == name:
            return index, one
    raise OperatorError(f"the lab knows no researcher {name!r}; `aarlab run` admits researchers")


def _end_on_sigterm(sandbox: Sandbox, stop: threading.Event) -> Callable[[int], None]:
    """Tells the mind to stop, ends what runs in the sandbox, and if that does not suffice ends the process.

    Returns what does the same without a signal, with an exit status.
    """

    def give_up(status: int) -> None:
        sandbox.close()
        os._exit(status)

    def end(status: int) -> None:
        stop.set()
        threading.Thread(target=sandbox.kill, daemon=True).start()
        timer = threading.Timer(STOP_SECONDS, give_up, (status,))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, lambda *_: end(0))
    return end


def _given_up(end: Callable[[int], None], reason: str) -> None:
    _LOG.error("%s", reason)
    end(NOWHERE)


def _say(operator: Operator, name: str, words: str) -> None:
    _LOG.info("%s", words)
    steer(operator, name, words)


if __name__ == "__main__":
    raise SystemExit(main())
