"""The small program inside each container that runs the user's code. Standard library only.

Values are named tuples here: importing dataclasses would take a third of the time the runner has to start.
"""

__version__ = "0.1.0"
