"""Bytes become text and text becomes cells."""
