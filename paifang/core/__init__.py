"""The rules as values and pure functions; may import the standard library only, and no I/O."""
