"""The addresses of the desk."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from paifang.web.desk.views import (
    company_quotas,
    doors,
    enrol,
    imports,
    people,
    reports,
    sign_in,
    start,
    terminal,
    terminals,
    ticket_acts,
    ticket_page,
    ticket_wish,
    tickets,
    tickets_many,
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
    path("t/<str:secret>/code.svg", ticket_page.changing_code, name="ticket-code"),
    path("desk/tickets/", tickets.listed, name="tickets"),
    path("desk/tickets/acts/", tickets_many.acts, name="tickets-acts"),
    path("desk/tickets/acts/<slug:act_id>/", tickets_many.act, name="tickets-act"),
    path("desk/tickets/hand-out/", tickets_many.hand_out_page, name="tickets-hand-out"),
    path("desk/tickets/quotas/", company_quotas.listed, name="tickets-quotas"),
    path("desk/tickets/links/", tickets_many.links, name="tickets-links"),
    path("desk/tickets/views/", tickets_many.keep, name="tickets-view-keep"),
    path("desk/tickets/views/<uuid:view>/", tickets_many.drop, name="tickets-view-drop"),
    path("desk/tickets/<uuid:ticket>/act/", ticket_acts.act, name="ticket-act"),
    path("desk/tickets/<uuid:ticket>/wish/", ticket_wish.wish, name="ticket-wish"),
    path("desk/tickets/<uuid:ticket>/holder/", ticket_acts.holder, name="ticket-holder"),
    path("desk/tickets/<uuid:ticket>/link/", ticket_acts.send_link, name="ticket-send-link"),
    path("desk/people/", people.person, name="people"),
    path("desk/people/export/", people.export, name="people-export"),
    path("desk/people/erase/", people.erase, name="people-erase"),
    path("desk/people/consent/", people.consent, name="people-consent"),
    path("desk/tickets/<uuid:ticket>/", tickets.one, name="ticket"),
    path("desk/tickets/<uuid:ticket>/code.svg", tickets.code, name="ticket-code"),
    path("desk/reports/", reports.page, name="reports"),
    path("desk/reports/report.pdf", reports.pdf, name="reports-pdf"),
    path("desk/reports/<slug:name>.<slug:kind>", reports.download, name="reports-file"),
    path("desk/terminals/", terminals.listed, name="terminals"),
    path("desk/new-terminal/", terminals.new, name="terminal-new"),
    path("desk/terminals/<slug:name>/", terminals.one, name="terminal-one"),
    path("desk/terminals/<slug:name>/revoke/", terminals.revoke, name="terminal-revoke"),
    path("desk/terminals/<slug:name>/pair/", terminals.pair, name="terminal-pair"),
    path("desk/terminals/<slug:name>/pair/qr.svg", terminals.pair_qr, name="terminal-pair-qr"),
    path("desk/terminals/<slug:name>/pair/state", terminals.pair_state, name="terminal-pair-state"),
    path("desk/set-up/", include("paifang.web.desk.set_up.urls")),
    path("desk/import/", imports.listed, name="imports"),
    path("desk/import/<uuid:number>/", imports.one, name="import-one"),
    path("desk/import/<uuid:number>/errors/", imports.errors, name="import-errors"),
    path("desk/import/<uuid:number>/<slug:act>/", imports.act, name="import-act"),
    path("desk/doors/", doors.doors, name="doors"),
    path("desk/doors/<int:number>/", doors.door_list, name="door-list"),
    path("desk/doors/<slug:gate>/key-in/", doors.door_key_in, name="door-key-in"),
    path("", include("paifang.web.desk.staff_urls")),
    path("desk/venues/", include("paifang.web.desk.venue_urls")),
    path("desk/paper/", include("paifang.web.desk.paper_urls")),
    path("scan-token/", start.new_scan_token, name="scan-token"),
    # One way in: the admin's own form would know nothing of the lock after wrong tries. And one way
    # out, and to another password.
    path("desk/repair/login/", RedirectView.as_view(pattern_name="start")),
    path("desk/repair/logout/", RedirectView.as_view(pattern_name="account")),
    path("desk/repair/password_change/", RedirectView.as_view(pattern_name="account")),
    path("desk/repair/password_change/done/", RedirectView.as_view(pattern_name="account")),
    path("desk/repair/", admin.site.urls),
]

handler400 = "paifang.web.desk.views.problems.bad_request"
handler403 = "paifang.web.desk.views.problems.forbidden"
handler404 = "paifang.web.desk.views.problems.not_found"
handler500 = "paifang.web.desk.views.problems.failed"
