"""A local Functions host on the worker library that Azure itself runs."""
