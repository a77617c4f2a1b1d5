"""``onnxfi campaign resume``."""

import shlex

from onnxfi.campaign import STOPPED_EARLY, Campaign
from onnxfi.cli.campaign.event_log import EventLog
from onnxfi.cli.campaign.live_run import LiveRunOptions, run_to_end
from onnxfi.cli.campaign.summary import print_summary
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import messages
from onnxfi.run_directory import RunDirectory
from onnxfi.storage import display_path


def resume(
    directory: DirectoryArgument, *, live: LiveRunOptions, as_json: JsonOption = False
) -> None:
    """Resume an interrupted campaign.

    It runs the injections that are not recorded yet and prints the summary.

    Example: onnxfi campaign resume runs/lenet
    """
    opened = RunDirectory.open(directory)
    done = opened.recorded == int(opened.manifest["injections"])
    if done or opened.storage.exists(STOPPED_EARLY):
        _report_finished(opened, live)
        if as_json:
            print_summary(directory, as_json=True)
    else:
        print_summary(run_to_end(Campaign.open(directory), live), as_json=as_json)


def _report_finished(directory: RunDirectory, live: LiveRunOptions) -> None:
    place, planned = display_path(directory.place), int(directory.manifest["injections"])
    with EventLog(live.log_json) as log:
        log.write("began", out=place, planned=planned, provider=directory.manifest["provider"])
        log.write("ended")
        if not log.on_stderr:
            messages.print(
                f"{place} is finished: {directory.recorded} of {planned} injections are recorded. "
                "Nothing is left to do. Show the results with:\n"
                f"  onnxfi campaign summary {shlex.quote(place)}\n"
                f"  onnxfi report {shlex.quote(place)}"
            )
