"""An authorization server that is not ours, on loopback: django-oauth-toolkit, configured by one line of JSON.

It says the port it listens on in one line, and ends when its standard input does."""

import json
import logging
import os
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

given = json.loads(sys.argv[1])
logging.disable(logging.WARNING)  # each login would say that this grant is discouraged

settings.configure(
    SECRET_KEY="for a server that lives for one test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": given["database"],
            # of two simultaneous requests one waits instead of failing
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
        }
    },
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    OAUTH2_PROVIDER={"SCOPES": {"read": "Read", "write": "Write"}, **given["settings"]},
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        """A log line may hold a token."""


def people_and_clients():
    user = get_user_model().objects.create_user("ada", password="ada's password")
    for name, secret in (("public", ""), ("confidential", given["client_secret"])):
        get_application_model().objects.create(
            name=name,
            user=user,
            client_id=name,
            client_type=name,
            client_secret=secret,
            authorization_grant_type="password",
        )


call_command("migrate", verbosity=0)
people_and_clients()
server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Handler)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
