"""The one path."""

from django.urls import path

from bench.orm_site.views import admit

urlpatterns = [path("admit", admit)]
