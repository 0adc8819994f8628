"""All tools of one researcher, for every mind that calls tools."""

from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.box import Toolbox
from aarlab.minds.tools.desk import LabDesk
from aarlab.minds.tools.files import Workspace
from aarlab.minds.tools.scribe import Scribe


def toolbox(bench: Workbench, *, scribe: Scribe) -> Toolbox:
    """Those for the workspace and those for the lab's door."""
    return Toolbox({**Workspace(bench, scribe=scribe).tools(), **LabDesk(bench).tools()}, bench=bench, scribe=scribe)
