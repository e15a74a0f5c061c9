from django.db import models


class Note(models.Model):
    text = models.TextField(unique=True)
    written = models.DateTimeField(auto_now_add=True)
