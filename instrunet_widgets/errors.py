"""Errors meant for people: every message names the file, the cause and what to do."""

from __future__ import annotations


class InstruNetError(Exception):
    """Base of all errors that the command line and the app show as one sentence."""


class AudioError(InstruNetError):
    """A recording cannot be opened or decoded."""


class ModelError(InstruNetError):
    """A model directory is missing, damaged or belongs to something else."""


class FeatureFolderError(InstruNetError):
    """A folder of training features cannot be used."""


class ExportError(InstruNetError):
    """A result cannot be written, or a saved result cannot be read."""


class ServerError(InstruNetError):
    """The app cannot be served as a page."""


class AccountError(InstruNetError):
    """A name, a password or an invitation code cannot be taken as it is."""


class Cancelled(InstruNetError):
    """The caller asked to stop; nothing was changed."""
