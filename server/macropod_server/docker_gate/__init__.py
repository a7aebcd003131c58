"""The gate before a Docker Engine: it lets the calls of the docker spawner through and no others.

A process of its own, the only one with the engine's socket. Nothing else of the server imports it, and it takes nothing
from the spawner: what is allowed is written down here a second time, and a test holds the two together.
"""
