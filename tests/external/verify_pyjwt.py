"""Verifies an access token as an API in Python does: PyJWT, keys by PyJWKClient from the metadata.

It owns the rules such an API follows; it does not own how the token was got. Usage:
    verify_pyjwt.py ISSUER AUDIENCE < TOKEN
Prints {"header": …, "claims": …} as one JSON line, or fails with PyJWT's own words.
"""

import json
import sys
import urllib.request

import jwt

issuer, audience = sys.argv[1:]
token = sys.stdin.read().strip()

with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=10) as answer:
    metadata = json.load(answer)
if metadata["issuer"] != issuer:
    sys.exit(f"the metadata names the issuer {metadata['issuer']!r}, not {issuer!r}")

keys = jwt.PyJWKClient(metadata["jwks_uri"])
claims = jwt.decode(
    token,
    keys.get_signing_key_from_jwt(token),
    algorithms=["ES256", "EdDSA", "RS256", "PS256"],
    audience=audience,
    issuer=issuer,
    options={"require": ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]},
)
print(json.dumps({"header": jwt.get_unverified_header(token), "claims": claims}))
