"""Frameworks, their controls, and the checks that speak for each control, kept as data."""
