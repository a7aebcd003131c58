"""Commands of `macropod-server` that are more than a line."""
