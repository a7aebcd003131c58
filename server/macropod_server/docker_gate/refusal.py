"""What the gate says to a call that goes no further."""


class Refused(Exception):
    """The call is none of the spawner's, or asks for more than it may. The message is a sentence for the caller."""
