"""The addresses of the desk."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from paifang.web.desk.views import (
    doors,
    enrol,
    reports,
    sign_in,
    start,
    terminal,
    terminals,
    ticket_page,
    tickets,
    today,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", start.start, name="start"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("enrol", enrol.enrol, name="enrol"),
    path("enrol/", RedirectView.as_view(pattern_name="enrol")),
    path("enrol/ca.crt", enrol.certificate, name="enrol-certificate"),
    path("enrol/ca.mobileconfig", enrol.profile, name="enrol-profile"),
    path("enrol/qr/<slug:which>.svg", enrol.qr_code, name="enrol-qr"),
    path("terminal/", terminal.page, name="terminal"),
    path("terminal/sw.js", terminal.service_worker, name="terminal-worker"),
    path("terminal/manifest.webmanifest", terminal.manifest, name="terminal-manifest"),
    path("language/", set_language, name="language"),
    path("scan/<slug:terminal>/", start.scan, name="scan"),
    path("api/v1/", include("paifang.web.desk.api.urls")),
    path("desk/today/", today.page, name="today"),
    path("desk/today/figures", today.figures, name="today-figures"),
    path("t/<str:secret>", ticket_page.page, name="ticket-page"),
    path("desk/tickets/", tickets.listed, name="tickets"),
    path("desk/tickets/<uuid:ticket>/", tickets.one, name="ticket"),
    path("desk/tickets/<uuid:ticket>/code.svg", tickets.code, name="ticket-code"),
    path("desk/reports/", reports.page, name="reports"),
    path("desk/reports/<slug:name>.<slug:kind>", reports.download, name="reports-file"),
    path("desk/terminals/", terminals.listed, name="terminals"),
    path("desk/new-terminal/", terminals.new, name="terminal-new"),
    path("desk/terminals/<slug:name>/", terminals.one, name="terminal-one"),
    path("desk/terminals/<slug:name>/revoke/", terminals.revoke, name="terminal-revoke"),
    path("desk/terminals/<slug:name>/pair/", terminals.pair, name="terminal-pair"),
    path("desk/terminals/<slug:name>/pair/qr.svg", terminals.pair_qr, name="terminal-pair-qr"),
    path("desk/terminals/<slug:name>/pair/state", terminals.pair_state, name="terminal-pair-state"),
    path("desk/set-up/", include("paifang.web.desk.set_up.urls")),
    path("desk/doors/", doors.doors, name="doors"),
    path("desk/doors/<int:number>/", doors.door_list, name="door-list"),
    path("desk/doors/<slug:gate>/key-in/", doors.door_key_in, name="door-key-in"),
    path("scan-token/", start.new_scan_token, name="scan-token"),
    # One way in: the admin's own form would know nothing of the lock after wrong tries.
    path("desk/repair/login/", RedirectView.as_view(pattern_name="start")),
    path("desk/repair/", admin.site.urls),
]

handler400 = "paifang.web.desk.views.problems.bad_request"
handler403 = "paifang.web.desk.views.problems.forbidden"
handler404 = "paifang.web.desk.views.problems.not_found"
handler500 = "paifang.web.desk.views.problems.failed"
