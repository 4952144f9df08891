"""Endpoints for terminals that the desk answers; the live process forwards them here."""
