"""The addresses of venue hosts and leases."""

from django.urls import URLPattern, path

from paifang.web.desk.views import venue_failover, venue_leases, venue_line, venues

urlpatterns: list[URLPattern] = [
    path("", venues.listed, name="venues"),
    path("join/", venues.join, name="venue-join"),
    path("give/", venue_leases.give, name="venue-give"),
    path("line/", venue_line.line, name="venue-line"),
    path("hosts/<uuid:node>/withdraw/", venues.withdraw, name="venue-withdraw"),
    path("hosts/<uuid:node>/settle/", venues.settle, name="venue-settle"),
    path("hosts/<uuid:node>/write-off/", venues.write_off, name="venue-write-off"),
    path("leases/<uuid:lease>/", venue_leases.one, name="venue-lease"),
    path("leases/<uuid:lease>/extend/", venue_leases.extend, name="venue-extend"),
    path("leases/<uuid:lease>/break/", venue_leases.break_, name="venue-break"),
    path("leases/<uuid:lease>/open/", venue_failover.open_without, name="venue-open"),
    path(
        "leases/<uuid:lease>/break-glass/",
        venue_leases.break_glass,
        name="venue-glass",
    ),
    path("leases/<uuid:lease>/return/", venue_leases.give_back, name="venue-return"),
]
