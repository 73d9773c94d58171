"""Cells become numbers or classes."""
