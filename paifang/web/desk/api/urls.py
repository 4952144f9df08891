"""The addresses under /api/v1/ that the desk answers; web/live/forwarded.py describes them."""

from django.urls import URLPattern, path

from paifang.web.desk.api.caller import unknown
from paifang.web.desk.api.terminals import pair_terminal, terminal_status

urlpatterns: list[URLPattern] = [
    path("terminals/pair", pair_terminal),
    path("terminals/status", terminal_status),
    path("<path:rest>", unknown),
]
