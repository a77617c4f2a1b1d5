"""Lists the commands of the program in the order of a user's work."""

from collections.abc import Sequence
from typing import NamedTuple


class Command(NamedTuple):
    """A command, described without importing it.

    Attributes:
        name: what users type.
        place: the module and the function, below `onnxfi.cli`.
        help: the first line of the function's docstring, at most 50 characters: the list of
            commands shows it, and an 80-column terminal cuts none.
    """

    name: str
    place: str
    help: str


class Group(NamedTuple):
    """A group of commands.

    Attributes:
        name: what users type.
        commands: its commands.
        help: its help text; the first line is as for a command.
    """

    name: str
    commands: Sequence[Command]
    help: str


_CAMPAIGN = (
    Command("plan", "campaign.plan:plan_campaign", "Show the size and the duration of a campaign."),
    Command("run", "campaign.run:run", "Run a campaign and print its summary."),
    Command("resume", "campaign.resume:resume", "Resume an interrupted campaign."),
    Command("status", "campaign.status:status", "Show the progress of a campaign."),
    Command("summary", "campaign.summary:summary", "Summarise the records of a campaign."),
    Command("compare", "campaign.compare:compare_campaigns", "Compare two campaigns."),
    Command("check", "campaign.check:check", "Check a campaign against limits."),
    Command("replay", "campaign.replay:replay_injection", "Replay a recorded injection."),
    Command("verify", "campaign.verify:verify_campaign", "Verify the records of a campaign."),
    Command("agree", "campaign.agree:agree_with", "Compare a campaign with published counts."),
    Command("export", "campaign.export:export", "Export the records of a campaign to CSV."),
)
_ERROR_MODELS = (
    Command("list", "error_models.list:list_models", "List all error models."),
    Command("show", "error_models.show:show", "Show an error model and its configuration."),
    Command("plot", "error_models.plot:plot", "Plot sample corruptions of an error model."),
    Command(
        "derive", "error_models.derive:derive", "Derive a spatial model from observed tensors."
    ),
    Command("merge", "error_models.merge:merge", "Merge spatial models into one."),
)
COMMANDS: Sequence[Command | Group] = (
    Command("demo", "demo:demo", "Show the whole pipeline on a small network."),
    Command("init", "init:init", "Write a campaign.yaml for a model and its inputs."),
    Command("schema", "schema:schema", "Print the JSON Schema of campaign.yaml."),
    Command("runs", "runs:runs", "List the campaigns below a folder."),
    Command("convert", "models.convert:convert", "Convert a TensorFlow or Keras model to ONNX."),
    Command(
        "describe", "models.describe:describe", "Show a Keras file's layers without executing it."
    ),
    Command("inspect", "models.inspect:inspect", "List the targets of a model."),
    Command("split", "models.split:split", "Split a model at a target into prefix and suffix."),
    Command("profile", "models.profile:profile", "Profile tensor values over a data set."),
    Command("inject", "models.inject:inject", "Inject faults and show the outcomes."),
    Command("harden", "models.harden:harden", "Add protections to a model."),
    Command("round", "models.round:round_model", "Round a model's weights to a number format."),
    Command("embed", "models.embed:embed", "Embed corruptions in a model."),
    Group(
        "campaign",
        _CAMPAIGN,
        "Plan, run and evaluate campaigns.\n\nExample: onnxfi campaign run campaign.yaml",
    ),
    Command("report", "campaign.report:report", "Write the report of a campaign as one HTML file."),
    Command("fit", "fit:print_fit", "Compute failure rates in FIT from a campaign."),
    Command("search", "search:search_faults", "Search for the most dangerous faults."),
    Command("shrink", "shrink:shrink_injection", "Shrink an sdc to the smallest corruption."),
    Group(
        "error-models",
        _ERROR_MODELS,
        "List, show, plot, derive and merge error models.\n\nExample: onnxfi error-models list",
    ),
)
