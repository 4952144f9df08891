"""The two paths."""

from django.urls import path

from bench.orm_site.views import admit, mark

urlpatterns = [path("admit", admit), path("mark", mark)]
