"""The addresses under /api/v1/ that the desk answers; web/live/forwarded.py describes them."""

from django.urls import URLPattern, path

from paifang.web.desk.api.caller import unknown
from paifang.web.desk.api.flow import gate_flow
from paifang.web.desk.api.nodes import join_centre
from paifang.web.desk.api.terminals import pair_terminal, terminal_status
from paifang.web.desk.api.tickets import search_tickets, ticket_story

urlpatterns: list[URLPattern] = [
    path("terminals/pair", pair_terminal),
    path("terminals/status", terminal_status),
    path("sync/join", join_centre),
    path("tickets", search_tickets),
    path("tickets/<str:ticket>", ticket_story),
    path("flow", gate_flow),
    path("<path:rest>", unknown),
]
