"""Proof by chaos: whole servers under a killer, and a checker that shares no code with the engine."""
