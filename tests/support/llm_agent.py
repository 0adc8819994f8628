"""A scripted model in the head of a coding agent: the same steps, by the names under which the agent offers tools."""

from tests.support.llm_script import Calls, Reply, Request, Step


def offered(request: Request, tool: str) -> str:
    """What the agent calls a tool of the lab's MCP server."""
    found = [inner for one in request.body.get("tools", []) for inner in one.get("tools", [one])]
    names = [one.get("function", one).get("name", "") for one in found]
    return next((name for name in (f"lab_{tool}", f"mcp__lab__{tool}") if name in names), tool)


def by_agent(step: Step) -> Step:
    """The step with the agent's names."""

    def renamed(request: Request) -> Reply:
        reply = step(request) if callable(step) else step
        if not isinstance(reply, Calls):
            return reply
        return Calls(*((offered(request, name), given) for name, given in reply.calls), text=reply.text)

    return renamed
