"""Django by itself, for the bridge in ``asgi.py`` and for any WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartspawn.settings")

application = get_wsgi_application()
