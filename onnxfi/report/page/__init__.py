"""Lays out the report and the comparison as HTML pages."""
