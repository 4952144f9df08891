"""The addresses of paper."""

from django.urls import URLPattern, URLResolver, path

from paifang.web.desk.views import paper

urlpatterns: list[URLPattern | URLResolver] = [
    path("", paper.choose, name="paper"),
    path("preview.png", paper.preview_picture, name="paper-preview"),
    path("prints/<uuid:made>/", paper.one_print, name="paper-print"),
    path("prints/<uuid:made>/<int:number>.pdf", paper.file, name="paper-file"),
    path("<slug:ticket>.pdf", paper.one_ticket, name="paper-one"),
]
