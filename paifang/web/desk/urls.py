"""The addresses of the desk."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("desk/repair/", admin.site.urls),
]
