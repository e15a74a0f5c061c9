"""One page: POST writes a note, GET shows all of them."""

from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from django_site.models import Note


@csrf_exempt
def notes(request):
    if request.method == "POST":
        Note.objects.create(text=request.body.decode())
    items = "".join(f"<li>{note.text}" for note in Note.objects.order_by("id"))
    return HttpResponse(f"<ul>{items}</ul>")


urlpatterns = [path("", notes)]
