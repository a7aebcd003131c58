"""The calls of the vendor's Python package `wallaroo`, translated onto the same flows.

Only `app` knows of this package, and MACROPOD_WALLAROO=off leaves it out. What each call does here,
`docs/migrating-from-wallaroo.md` tells.
"""
