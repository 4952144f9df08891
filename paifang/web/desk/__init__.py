"""Pages and JSON of the back office; may import services.desk and core, and read store."""
