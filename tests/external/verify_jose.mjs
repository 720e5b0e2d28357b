// Verifies an access token as an API in JavaScript does: npm's jose, keys by createRemoteJWKSet.
//
// It owns the rules such an API follows (RFC 9068: the type, the claims); it does not own how the token
// was got. Usage:
//     VESTIBULE_TEST_NODE_MODULES=… node verify_jose.mjs ISSUER AUDIENCE < TOKEN
// Prints {"header": …, "claims": …} as one JSON line, or fails with jose's own words.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { webcrypto } from "node:crypto";

// Debian 12's Node 18 has WebCrypto, but not yet as a global.
globalThis.crypto ??= webcrypto;

// The packages live outside the source tree, where `import "jose"` would not look.
const installed = createRequire(`${process.env.VESTIBULE_TEST_NODE_MODULES}/`);
const { createRemoteJWKSet, jwtVerify } = await import(pathToFileURL(installed.resolve("jose")));

const [issuer, audience] = process.argv.slice(2);
const token = readFileSync(0, "utf8").trim();

const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
const metadata = await answer.json();
if (metadata.issuer !== issuer) {
  throw new Error(`the metadata names the issuer ${metadata.issuer}, not ${issuer}`);
}

const { protectedHeader, payload } = await jwtVerify(token, createRemoteJWKSet(new URL(metadata.jwks_uri)), {
  issuer,
  audience,
  typ: "at+jwt",
  algorithms: ["ES256", "EdDSA", "RS256", "PS256"],
  requiredClaims: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
});
console.log(JSON.stringify({ header: protectedHeader, claims: payload }));
