"""Writes tests/fixtures/passwords/hashes.jsonl: hashes as passlib, Django and the bcrypt package make them.

Run once, with what it imports from PyPI, when a scheme is added; the tests read its output and need no Python:

    python3 -m venv v && v/bin/pip install passlib==1.7.4 bcrypt==4.0.1 argon2-cffi==25.1.0 django==5.2.19
    v/bin/python tests/external/password_hashes.py > tests/fixtures/passwords/hashes.jsonl
"""

import json
import sys

import bcrypt
from django.conf import settings

settings.configure()

from django.contrib.auth import hashers as django  # noqa: E402
from passlib import hash as passlib  # noqa: E402

PASSWORDS = ["a few words by the sea", "pässwörd 🦉 κλειδί", "x" * 72, ""]


def lines():
    for password in PASSWORDS:
        for ident in ("2a", "2b", "2y"):
            yield "bcrypt", password, passlib.bcrypt.using(rounds=4, ident=ident).hash(password)
        yield "bcrypt", password, bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
        for version in (1, 2):
            yield "bcrypt", password, passlib.bcrypt_sha256.using(rounds=4, version=version).hash(password)
        for kind in ("i", "d", "id"):
            made = passlib.argon2.using(type=kind, memory_cost=64, time_cost=1, parallelism=2)
            yield f"argon2{kind}", password, made.hash(password)
        yield "pbkdf2", password, passlib.pbkdf2_sha1.using(rounds=1000).hash(password)
        yield "pbkdf2", password, passlib.pbkdf2_sha256.using(rounds=1000).hash(password)
        yield "pbkdf2", password, passlib.pbkdf2_sha512.using(rounds=1000, salt_size=31).hash(password)
        yield "scrypt", password, passlib.scrypt.using(rounds=4).hash(password)
        yield "scrypt", password, passlib.scrypt.using(rounds=5, block_size=4, parallelism=3).hash(password)
        yield "sha-crypt", password, passlib.sha256_crypt.using(rounds=1000).hash(password)
        yield "sha-crypt", password, passlib.sha512_crypt.using(rounds=1234).hash(password)
        # 5000 rounds are not written.
        yield "sha-crypt", password, passlib.sha512_crypt.using(rounds=5000, salt="abc").hash(password)
        yield "pbkdf2", password, django.PBKDF2PasswordHasher().encode(password, "NaCl4pepper", iterations=1000)
        yield "pbkdf2", password, django.PBKDF2SHA1PasswordHasher().encode(password, "NaCl4pepper", iterations=1000)
        salt = bcrypt.gensalt(4)
        yield "bcrypt", password, django.BCryptSHA256PasswordHasher().encode(password, salt)
        yield "bcrypt", password, django.BCryptPasswordHasher().encode(password, salt)
        yield "scrypt", password, django.ScryptPasswordHasher().encode(password, "NaCl4pepper", n=16)
        quick = django.Argon2PasswordHasher()
        quick.memory_cost, quick.time_cost, quick.parallelism = 64, 1, 2
        yield "argon2id", password, quick.encode(password, "NaCl4pepper")
    # Beyond 72 bytes only the forms that hash a digest tell passwords apart.
    for password in ("x" * 73, "🦉" * 40):
        yield "bcrypt", password, passlib.bcrypt_sha256.using(rounds=4).hash(password)
        yield "bcrypt", password, django.BCryptSHA256PasswordHasher().encode(password, bcrypt.gensalt(4))


for scheme, password, made in lines():
    json.dump({"scheme": scheme, "password": password, "hash": made}, sys.stdout, ensure_ascii=False)
    print()
