"""Cells become stamps on a clock: formats, zones, frequency."""
