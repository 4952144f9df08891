"""Django models: configuration authored here, and read models of the journal; may import core."""
