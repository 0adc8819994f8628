"""The command `lab` of every sandbox: the researcher's door for people and agents that work in a shell."""

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from aarlab.errors import AarlabError, UserError
from aarlab.inside import verbs
from aarlab.inside.door import Door, socket_file
from aarlab.inside.pump import Pump
from aarlab.inside.words import KINDS, RULES, VERBS, WORK
from aarlab.inside.words import verbs as verb_table
from aarlab.quote import DRIVING, visible

_INTERRUPTED = 130
_MEANINGS = {usage.split()[0]: meaning for usage, meaning in VERBS}
_WAIT_SECONDS = 60.0


class _Parser(argparse.ArgumentParser):
    """Wrong usage is one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} ({self.prog} --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; the exit status."""
    try:
        options = parser().parse_args(arguments)
        if options.verb == "mcp":
            Pump(socket_file().with_name("mcp.sock")).run()
            return 0
        reply = verbs.ALL[options.verb](Door(socket_file()), options)
        sys.stdout.write((_json(reply.data) if options.json else reply.text) + "\n")
        sys.stdout.flush()
    except AarlabError as error:
        sys.stderr.write(f"lab: {visible(' '.join(str(error).split()))}\n")
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def parser() -> argparse.ArgumentParser:
    """All verbs."""
    about = f"The researcher's door to the lab, from inside the sandbox.\n\n{verb_table()}\n\n{WORK}\n{RULES}"
    root = _Parser(
        prog="lab",
        usage="lab VERB ... [--json]",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.set_defaults(json=False)
    root.add_argument("--json", action="store_true", help="print JSON")
    below = root.add_subparsers(dest="verb", metavar="VERB", required=True, help=argparse.SUPPRESS)
    for verb, meaning in _MEANINGS.items():
        one = below.add_parser(verb, description=meaning)
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
        _ADD.get(verb, _nothing)(one)
    return root


def _nothing(_: argparse.ArgumentParser) -> None:
    """Verbs without arguments."""


def _forum(one: argparse.ArgumentParser) -> None:
    one.add_argument("post", nargs="?", metavar="POST", help="id of one post")
    one.add_argument("--search", metavar="WORDS", help="the few posts that fit these words best")


def _save_notes(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", metavar="FILE")


def _propose(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", metavar="FILE", help="what is done and why, without results")
    one.add_argument("--title", required=True)
    one.add_argument("--family", default="other", help="method family")


def _snapshot(one: argparse.ArgumentParser) -> None:
    one.add_argument("folder", metavar="DIR", help="folder with method.py")
    one.add_argument("--message", required=True, help="what is new")
    one.add_argument("--parent", action="append", default=[], metavar="ID", help="snapshot that it builds on")


def _fetch(one: argparse.ArgumentParser) -> None:
    one.add_argument("snapshot", metavar="SNAPSHOT")
    one.add_argument("folder", metavar="DIR", help="a new folder below the current one")


def _diff(one: argparse.ArgumentParser) -> None:
    one.add_argument("old", metavar="A")
    one.add_argument("new", metavar="B")


def _train(one: argparse.ArgumentParser) -> None:
    one.add_argument("folder", metavar="DIR", help="folder with method.py")
    one.add_argument("--seeds", type=verbs.seeds, metavar="0,1,2", help="as many as dev takes, by default")
    one.add_argument("--out", metavar="OUT", help="where students go; out/DIR by default")


def _hand_in(one: argparse.ArgumentParser, *, least: str) -> None:
    one.add_argument("students", nargs=least, metavar="OUT|STUDENT", help="a folder of `lab train`, or files")
    one.add_argument("--proposal", required=True, metavar="P")
    one.add_argument("--snapshot", required=True, metavar="S")
    one.add_argument(
        "--wait", type=_seconds, default=_WAIT_SECONDS, metavar="SECONDS", help="for the answer (%(default)g)"
    )


def _dev(one: argparse.ArgumentParser) -> None:
    _hand_in(one, least="+")


def _verify(one: argparse.ArgumentParser) -> None:
    _hand_in(one, least="*")


def _submission(one: argparse.ArgumentParser) -> None:
    one.add_argument("id", metavar="ID")
    one.add_argument("--wait", type=_seconds, default=0.0, metavar="SECONDS", help="for its answer")


def _post(one: argparse.ArgumentParser) -> None:
    one.add_argument("kind", metavar="KIND", type=lambda word: word.replace("-", " "), choices=KINDS)
    one.add_argument("--title", required=True)
    one.add_argument("--text", required=True, metavar="FILE")
    one.add_argument("--submission", metavar="ID", help="needed for a result and a negative result")
    one.add_argument("--replies-to", metavar="POST")
    one.add_argument("--corrects", metavar="POST", help="needed for a correction")
    one.add_argument("--cites", action="append", default=[], metavar="SNAPSHOT")
    one.epilog = f"KIND is one of: {', '.join(KINDS)}"


def _vote(one: argparse.ArgumentParser) -> None:
    one.add_argument("post", metavar="POST")
    one.add_argument("value", metavar="+1|0|-1", choices=("+1", "1", "0", "-1"))


def _answer(one: argparse.ArgumentParser) -> None:
    one.add_argument("incident", metavar="INCIDENT")
    one.add_argument("file", metavar="FILE")
    one.add_argument("--appeal", action="store_true", help="ask for another decision")


_ADD = {
    "forum": _forum,
    "save-notes": _save_notes,
    "propose": _propose,
    "snapshot": _snapshot,
    "fetch": _fetch,
    "diff": _diff,
    "train": _train,
    "dev": _dev,
    "verify": _verify,
    "submission": _submission,
    "post": _post,
    "vote": _vote,
    "answer": _answer,
}


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise UserError(f"--wait {text!r}: must be a number of seconds")
    return found


def _json(data: Any) -> str:
    """Indented, and nothing in it that could drive a terminal."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return DRIVING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


if __name__ == "__main__":
    raise SystemExit(main())
