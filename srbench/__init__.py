"""Honest evaluation of image super-resolution: bench, opinion study and report."""

__version__ = "0.1.0"
