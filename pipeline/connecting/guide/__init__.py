"""The guide for a connect page: fields, steps, roles, permissions and a script for every way to connect."""
