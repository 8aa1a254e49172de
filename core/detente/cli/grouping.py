"""Help in groups: of flags by what they are about, of verbs by what they are for. In plain text, for rich is slow."""

from typing import Any

from typer.core import TyperCommand

EXPERIMENT = "What is trained"
HOW = "How it is trained"
PLACE = "Where it goes"
MESSAGES = "What is shown"

TRAINING = "Train and compare"
USING = "Use what was trained"
LOOKING = "Look before training"
OTHERS = "Others"

_HELP_LAST = "Options"


class Grouped(TyperCommand):
    """A verb whose help has its flags in groups, each under the `rich_help_panel` that the flag names."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                usual = "Arguments" if parameter.param_type_name == "argument" else _HELP_LAST
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or usual, []).append(record)
        if _HELP_LAST in groups:  # --help itself
            groups.setdefault(MESSAGES, []).extend(groups.pop(_HELP_LAST))
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


def example(*lines: str) -> str:
    """Commands for the end of a verb's help, as they can be pasted."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])


def format_verbs(group: Any, ctx: Any, formatter: Any) -> None:
    """The verbs of a group of commands, by what they are for; those of plugins last."""
    panels: dict[str, list[tuple[str, Any]]] = {TRAINING: [], USING: [], LOOKING: [], OTHERS: []}
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is not None and not command.hidden:
            panels[getattr(command, "rich_help_panel", None) or OTHERS].append((name, command))
    longest = max((len(name) for verbs in panels.values() for name, _ in verbs), default=0)
    limit = formatter.width - 6 - longest
    for title, verbs in panels.items():
        if verbs:
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(longest), command.get_short_help_str(limit)) for name, command in verbs]
                )
