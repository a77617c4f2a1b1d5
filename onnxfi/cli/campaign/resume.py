"""``onnxfi campaign resume``."""

from onnxfi.campaign import Campaign
from onnxfi.cli.campaign.live_run import LiveRunOptions, run_to_end
from onnxfi.cli.campaign.summary import print_summary
from onnxfi.cli.options.arguments import DirectoryArgument


def resume(directory: DirectoryArgument, *, live: LiveRunOptions) -> None:
    """Resume an interrupted campaign.

    Example: onnxfi campaign resume runs/lenet
    """
    print_summary(run_to_end(Campaign.open(directory), live))
