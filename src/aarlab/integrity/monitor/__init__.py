"""A language model that reads verified methods. It raises suspicions; a person decides."""

import re
from pathlib import Path

from aarlab.errors import UserError
from aarlab.integrity.monitor.protocol import Monitor
from aarlab.settings import PriceSettings

_NAME = re.compile(r"(?P<provider>[a-z-]+)/(?P<model>[!-~]{1,200})")


def make_monitor(name: str, *, price: PriceSettings, folder: Path | None = None) -> Monitor | None:
    """The monitor of the setting `integrity.monitor`; None for "". Reviews are kept in `folder` where one is given.

    Raises UserError for a name that is none and a price that nobody knows, OperatorError where the extra or the key is
    missing. Asks no provider.
    """
    if not name:
        return None
    from aarlab.integrity.monitor.kept import KeptReviews

    monitor = _reader(name, price)
    return monitor if folder is None else KeptReviews(monitor, folder)


def _reader(name: str, price: PriceSettings) -> Monitor:
    from aarlab.integrity.monitor.llm import KEYS, ModelMonitor
    from aarlab.integrity.monitor.scripted import ScriptedMonitor

    if name == ScriptedMonitor.name:
        return ScriptedMonitor()
    match = _NAME.fullmatch(name)
    if match is None or match["provider"] not in KEYS:
        raise UserError(f"integrity.monitor = {name!r}: write provider/model with one of {', '.join(KEYS)} as provider")
    return ModelMonitor(match["provider"], match["model"], price=price)
