"""The addresses under /api/v1/ that the desk answers; web/live/forwarded.py describes them."""

from django.urls import URLPattern, path

from paifang.web.desk.api.caller import unknown

urlpatterns: list[URLPattern] = [
    path("<path:rest>", unknown),
]
