"""``onnxfi campaign resume``."""

import shlex

from onnxfi.campaign import Campaign
from onnxfi.cli.campaign.event_log import EventLog
from onnxfi.cli.campaign.live_run import LiveRunOptions, run_to_end
from onnxfi.cli.campaign.summary import print_summary
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import messages
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import RunDirectory
from onnxfi.storage import display_path


def resume(
    directory: DirectoryArgument, *, live: LiveRunOptions, as_json: JsonOption = False
) -> None:
    """Resume an interrupted campaign.

    It runs the injections that are not recorded yet and prints the summary.

    Example: onnxfi campaign resume runs/lenet
    """
    campaign = Campaign.open(directory)
    opened = campaign.directory
    before = _count_records(opened)
    damaged = next(opened.bad_files(), None) is not None
    if damaged or before != int(opened.manifest["injections"]):
        run_to_end(campaign, live)
        if damaged or opened.recorded != before:
            print_summary(directory, as_json=as_json)
            return
    _report_finished(opened, live)
    if as_json:
        print_summary(directory, as_json=True)


def _count_records(directory: RunDirectory) -> int | None:
    """Return the number of records; None if a file is damaged, which the run sets aside."""
    try:
        return directory.recorded
    except ConfigurationError:
        return None


def _report_finished(directory: RunDirectory, live: LiveRunOptions) -> None:
    place, recorded = display_path(directory.place), directory.recorded
    planned = int(directory.manifest["injections"])
    with EventLog(live.log_json) as log:
        if recorded == planned:  # otherwise the run has logged it
            log.write("began", out=place, planned=planned, provider=directory.manifest["provider"])
            log.write("ended")
        if not log.on_stderr:
            messages.print(
                f"{place} is finished: {recorded} of {planned} injections are recorded. Nothing is "
                "left to do. Show the results with:\n"
                f"  onnxfi campaign summary {shlex.quote(place)}\n"
                f"  onnxfi report {shlex.quote(place)}"
            )
