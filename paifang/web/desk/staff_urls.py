"""The addresses of staff, roles, one's own account, and the audit."""

from django.urls import URLPattern, path

from paifang.web.desk.views import (
    account,
    audit,
    joining,
    second_factor,
    staff,
    staff_links,
    start,
)

urlpatterns: list[URLPattern] = [
    path("desk/staff/", staff.listed, name="staff"),
    path("desk/new-staff/", staff.new, name="staff-new"),
    path("desk/staff/<str:username>/", staff.one, name="staff-one"),
    path("desk/staff/<str:username>/pin/", staff.pin, name="staff-pin"),
    path("desk/staff/<str:username>/card/", staff.card, name="staff-card"),
    path("desk/staff/<str:username>/active/", staff.active, name="staff-active"),
    path(
        "desk/staff/<str:username>/password-link/",
        staff_links.password,
        name="staff-password-link",
    ),
    path("desk/invitations/new/", staff_links.invite, name="invite"),
    path("desk/invitations/<uuid:link>/", staff_links.one, name="staff-link"),
    path("desk/invitations/<uuid:link>/qr.svg", staff_links.qr_code, name="staff-link-qr"),
    path(
        "desk/invitations/<uuid:link>/withdraw/", staff_links.withdraw, name="staff-link-withdraw"
    ),
    path("first-run/", joining.first_run, name="first-run"),
    path("join/<str:secret>/", joining.join, name="join"),
    path("new-password/<str:secret>/", joining.new_password, name="new-password"),
    path(
        "desk/staff/<str:username>/second-factor/",
        staff.second_factor,
        name="staff-second-factor",
    ),
    path("desk/account/", account.account, name="account"),
    path("desk/account/password/", account.password, name="account-password"),
    path("desk/account/pin/", account.pin, name="account-pin"),
    path("desk/account/sessions/<int:session>/end/", account.end, name="session-end"),
    # Names under which allauth looks for its pages; only these are reachable.
    path("", start.start, name="account_login"),
    path("", start.start, name="account_inactive"),
    path("sign-in/code/", second_factor.authenticate, name="mfa_authenticate"),
    path("desk/account/confirm/", second_factor.confirm, name="account_reauthenticate"),
    path("desk/account/confirm-code/", second_factor.confirm_code, name="mfa_reauthenticate"),
    path("desk/account/", account.account, name="mfa_index"),
    path("desk/account/second-factor/", second_factor.activate, name="mfa_activate_totp"),
    path("desk/account/second-factor/off/", second_factor.deactivate, name="mfa_deactivate_totp"),
    path(
        "desk/account/recovery-codes/new/",
        second_factor.make_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("desk/account/recovery-codes/", second_factor.codes, name="mfa_view_recovery_codes"),
    path("desk/audit/", audit.listed, name="audit"),
    path("desk/roles/", staff.roles, name="roles"),
]
