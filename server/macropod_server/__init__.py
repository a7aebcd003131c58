"""The Macropod server: API, engine and the adapters they stand on."""

__version__ = "0.1.0"
