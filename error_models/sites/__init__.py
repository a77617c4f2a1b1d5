"""Draws and stores injection sites: the elements of a target that a corruption changes."""

from onnxfi.error_models.sites.canonical_layout import CanonicalLayout
from onnxfi.error_models.sites.dense_sites import read_dense_sites, write_dense_sites
from onnxfi.error_models.sites.region import Region
from onnxfi.error_models.sites.site_list import SiteList
from onnxfi.error_models.sites.uniform import values_at

__all__ = [
    "CanonicalLayout",
    "Region",
    "SiteList",
    "read_dense_sites",
    "values_at",
    "write_dense_sites",
]
