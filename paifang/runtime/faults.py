"""Why a process could not start."""


class StartError(Exception):
    """Something it needs cannot be had; the message says what and why, in the person's language."""


class CommandError(Exception):
    """A command could not be carried out; the message says why, in the person's language."""
