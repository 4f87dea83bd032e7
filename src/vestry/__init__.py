"""Vestry: IAM roles and temporary credentials that speak AWS's wire protocols."""

__version__ = "0.1.0"
