"""The desk's pages as a Django application."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Pages, static files and the admin."""

    name = "paifang.web.desk"
    label = "desk"
    verbose_name = "Paifang desk"
