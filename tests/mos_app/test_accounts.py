"""Signing in with an account of an identity provider: a real OIDC exchange with a small provider of our own."""

from __future__ import annotations

import base64
import http.server
import importlib.util
import json
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

if importlib.util.find_spec("authlib") is None:
    pytest.skip("needs streamlit[auth] for st.login", allow_module_level=True)

SECRETS = """
[auth]
redirect_uri = "{site}/oauth2callback"
cookie_secret = "a secret of thirty-two characters"
client_id = "srbench"
client_secret = "secret"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


class Provider:
    """An OpenID provider that signs in whoever `account` says, without asking."""

    def __init__(self):
        from cryptography.hazmat.primitives.asymmetric import rsa

        self.account = ""
        self.verified = True
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.nonce = ""
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.get(self)

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                answer(self, {"access_token": "x", "token_type": "Bearer", "id_token": provider.token()})

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, handler):
        url = urlsplit(handler.path)
        if url.path == "/authorize":
            asked = {key: values[0] for key, values in parse_qs(url.query).items()}
            self.nonce = asked["nonce"]
            handler.send_response(302)
            back = urlencode({"code": "c", "state": asked["state"]})
            handler.send_header("Location", f"{asked['redirect_uri']}?{back}")
            handler.end_headers()
        elif url.path == "/keys":
            numbers = self.key.public_key().public_numbers()
            answer(handler, {"keys": [{"kty": "RSA", "kid": "k", "n": encode(numbers.n), "e": encode(numbers.e)}]})
        else:
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            document = {name: f"{self.address}/{path}" for name, path in names.items()}
            answer(handler, document | {"issuer": self.address, "id_token_signing_alg_values_supported": ["RS256"]})

    def token(self):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        now = int(time.time())
        claims = {"iss": self.address, "aud": "srbench", "sub": "1", "iat": now, "exp": now + 600, "nonce": self.nonce}
        claims |= {"email": self.account, "email_verified": self.verified}
        parts = [{"alg": "RS256", "kid": "k"}, claims]
        body = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
        signature = self.key.sign(body, padding.PKCS1v15(), hashes.SHA256())
        return (body + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def answer(handler, content):
    data = json.dumps(content).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def encode(number):
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


@pytest.fixture
def provider():
    provider = Provider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


def test_only_the_named_account_reaches_the_organisers_pages(prepare, provider, browse):
    server = prepare(with_password=False, options=["--organiser", "Ada@example.org"])
    secrets = server.study.folder / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text(SECRETS.format(site=server.address, provider=provider.address))
    server.start()
    server.study.invite("Ann in room 12")

    page = browse().page
    for account, verified, admitted in (
        ("eve@example.org", True, False),
        ("ada@example.org", False, False),
        ("ada@example.org", True, True),
    ):
        provider.account, provider.verified = account, verified
        page.context.clear_cookies()
        page.goto(f"{server.address}/organiser")
        page.get_by_role("button", name="Sign in with your account").click()
        page.wait_for_url(f"{server.address}/")
        page.goto(f"{server.address}/organiser")
        if admitted:
            page.get_by_text("0 of 12").first.wait_for()
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_url(f"{server.address}/")
            page.goto(f"{server.address}/organiser")
            page.get_by_role("button", name="Sign in with your account").wait_for()
        else:
            page.get_by_role("button", name="Sign in with your account").wait_for()
            assert "room 12" not in page.content()
