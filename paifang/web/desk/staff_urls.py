"""The addresses of staff, roles and one's own account."""

from django.urls import URLPattern, path

from paifang.web.desk.views import account, staff

urlpatterns: list[URLPattern] = [
    path("desk/staff/", staff.listed, name="staff"),
    path("desk/new-staff/", staff.new, name="staff-new"),
    path("desk/staff/<str:username>/", staff.one, name="staff-one"),
    path("desk/staff/<str:username>/pin/", staff.pin, name="staff-pin"),
    path("desk/staff/<str:username>/card/", staff.card, name="staff-card"),
    path("desk/staff/<str:username>/active/", staff.active, name="staff-active"),
    path("desk/account/", account.account, name="account"),
    path("desk/roles/", staff.roles, name="roles"),
]
