// An OpenID Connect provider of oidc-provider (certified by the OpenID Foundation) on loopback, over TLS.
// node oidc_provider.mjs PORT CERTIFICATE KEY KEYS REDIRECT-URI: KEYS is a file with a private key set.
// Prints its issuer when it listens. Anybody may sign in, under any name.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import Provider from 'oidc-provider';

const [, , wanted, certificate, key, keys, redirect] = process.argv;
const server = https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) });

server.listen(Number(wanted), '127.0.0.1', () => {
  const { port } = server.address();
  const issuer = `https://localhost:${port}`;
  const client = { redirect_uris: [redirect], client_secret: 'a secret between provider and client', grant_types: ['authorization_code'] };
  const provider = new Provider(issuer, {
    clients: [
      { ...client, client_id: 'app' },
      { ...client, client_id: 'curve', id_token_signed_response_alg: 'ES256' },
    ],
    jwks: JSON.parse(readFileSync(keys, 'utf8')),
    cookies: { keys: ['tests only'] },
    pkce: { required: () => false },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com` }) }),
    claims: { openid: ['sub', 'email'] },
    conformIdTokenClaims: false,
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
