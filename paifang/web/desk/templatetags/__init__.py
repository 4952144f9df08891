"""What the templates of the desk need besides Django."""
