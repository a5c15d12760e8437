"""The value of ``--scenario``: a name, with completion, or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from wsreplay.captures.capture import Capture
    from wsreplay.faults.scenario import Scenario


class ScenarioName(click.ParamType[Any]):
    """A scenario's name, or the path of one of the user's own. Which names there are depends on the venue."""

    name = "name"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take the text as it is."""
        return str(value)

    @override
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The scenarios that begin like this."""
        from wsreplay.faults.scenario import scenario_names

        return [CompletionItem(each) for each in scenario_names() if each.startswith(incomplete)]


def scenario_for(given: str | None, capture: Capture) -> Scenario | None:
    """The scenario as the capture's venue has it."""
    if given is None:
        return None
    from wsreplay.captures.read_by import dialect_of
    from wsreplay.faults.scenario import load_scenario

    return load_scenario(given, dialect_of(capture.metadata))
