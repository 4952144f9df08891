"""The addresses of staff, roles, one's own account, and the audit."""

from django.urls import URLPattern, path

from paifang.web.desk.views import account, audit, joining, staff, staff_links

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
    path("desk/account/", account.account, name="account"),
    path("desk/audit/", audit.listed, name="audit"),
    path("desk/roles/", staff.roles, name="roles"),
]
