"""An identity provider of a test's own: a real server in a thread, with an RSA key, that remembers who came and answers as it is told."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from api.auth.oidc import Provider, provider_of

CLIENT, SECRET = "tanzhang", "the client's own secret"


@dataclass
class Identity:
    """What the provider does. `claims` and `header` change what its ID tokens say, `answers` what a path answers (status, JSON)."""

    issuer: str = ""
    subject: str = "Alice-42"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signer: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def provider(self) -> Provider:
        """What the platform knows of it."""
        found = provider_of(self.issuer, client_id=CLIENT, client_secret=SECRET)
        assert found
        return found

    def authorize(self, address: str) -> str:
        """The user signs in here and agrees: the address that the browser is sent back to."""
        parts = urlsplit(address)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert f"{parts.scheme}://{parts.netloc}" == self.issuer
        assert (given["response_type"], given["client_id"], given["scope"]) == ("code", CLIENT, "openid")
        assert given["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = given | {"subject": self.subject}
        return given["redirect_uri"] + "?" + urlencode({"code": code, "state": given["state"]})

    def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        """What a request is answered."""
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return 200, {"issuer": self.issuer} | {name: self.issuer + end for name, end in ends.items()}
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        if path == "/token":
            return self._token(form, authorization)
        return 404, {}

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        known = self.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if known is None or authorization != f"Basic {basic}" or form.get("redirect_uri") != known["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if challenge != known["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        moment = int(time.time())
        claims = {"iss": self.issuer, "sub": known["subject"], "aud": CLIENT, "exp": moment + 300, "iat": moment, "nonce": known["nonce"]}
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        header = {"alg": "RS256", "kid": "one"} | self.header
        signer = self.signer or self.key
        if header["alg"] == "HS256":
            return 200, {"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode(header, claims, OctKey.import_key(SECRET))}
        if header["alg"] == "none":
            parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in (header, claims)]
            return 200, {"access_token": "x", "token_type": "Bearer", "id_token": ".".join([*parts, ""])}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode(header, claims, signer)}


@contextmanager
def identity() -> Iterator[Identity]:
    """A provider that runs."""
    here = Identity()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            length = int(self.headers.get("content-length") or 0)
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            status, said = here.answer(urlsplit(self.path).path, form, self.headers.get("authorization", ""))
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", here.issuer + "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    here.issuer = f"http://127.0.0.1:{server.server_port}"
    yield here
    server.shutdown()
    server.server_close()
