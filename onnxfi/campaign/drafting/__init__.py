"""Drafts the configuration of a campaign for a model and its inputs."""

from onnxfi.campaign.drafting.draft import Draft, draft_campaign
from onnxfi.campaign.drafting.draft_text import SCHEMA_FILE

__all__ = ["SCHEMA_FILE", "Draft", "draft_campaign"]
