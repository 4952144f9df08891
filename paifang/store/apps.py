"""The store as a Django application."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Configuration authored here, and what the journal looks like in tables."""

    name = "paifang.store"
    label = "store"
    verbose_name = "Paifang"
