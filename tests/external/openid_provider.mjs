// An OpenID provider that knows nothing of Vestibule: npm's oidc-provider, with one client and one account.
//
// It owns that configuration, and an interaction without a page: whoever comes is signed in. It does not own the client,
// which the test names. Usage:
//     VESTIBULE_TEST_NODE_MODULES=… node openid_provider.mjs '{"client_id": …, "client_secret": …, "redirect_uris": […],
//         "post_logout_redirect_uris": […], "backchannel_logout_uri": …}'
// Prints its issuer as one line when it listens, and ends with its standard input.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;

// Whatever packages say of themselves is not the issuer.
console.log = console.info = console.warn = console.error;

const installed = createRequire(`${process.env.VESTIBULE_TEST_NODE_MODULES}/`);
const bring = (name) => import(pathToFileURL(installed.resolve(name)));
const { default: Provider } = await bring("oidc-provider");
const { exportJWK, generateKeyPair } = await bring("jose");

const client = JSON.parse(process.argv[2]);
const ACCOUNT = {
  sub: "independent-1",
  email: "ada@independent.example",
  email_verified: true,
  name: "Ada Independent",
};

const key = async (alg) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: "sig", kid: alg.toLowerCase() };
};

// Asks whether somebody wants to leave; without the fonts of others.
const logoutSource = (ctx, form) => {
  ctx.body = `<!doctype html><html lang="en"><title>Leave</title><h1>Leave?</h1>${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes">Leave</button></html>`;
};

let answer;
const server = createServer((request, response) => answer(request, response));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{ ...client, grant_types: ["authorization_code"], response_types: ["code"] }],
  jwks: { keys: [await key("RS256"), await key("ES256")] },
  cookies: { keys: [crypto.randomUUID()] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: async (_, sub) => ({ accountId: sub, claims: async () => ({ ...ACCOUNT, sub }) }),
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource },
  },
  // Its client is on this machine, which it would not ask otherwise.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
  // Nobody is asked what they allow.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
});

const callback = provider.callback();
answer = async (request, response) => {
  if (!request.url.startsWith("/interaction/")) {
    callback(request, response);
    return;
  }
  try {
    const login = { accountId: ACCOUNT.sub, amr: ["pwd"] };
    await provider.interactionFinished(request, response, { login });
  } catch (fault) {
    response.writeHead(400, { "content-type": "text/plain" }).end(`${fault}`);
  }
};

process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.write(`${issuer}\n`);
