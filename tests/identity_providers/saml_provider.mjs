// A SAML identity provider of samlp (Auth0's) on loopback: a sign-in form, a session, responses by HTTP POST.
// node saml_provider.mjs, with its settings as JSON on standard input: key and certificate (PEM), recipient, audience,
// users (password and attributes by name), and further options of samlp. Prints its address when it listens.
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import samlp from 'samlp';

const { users, recipient, audience, options } = JSON.parse(readFileSync(0, 'utf8'));
const sessions = new Map();
const form = `<form method="post" action="/login"><input name="user"><input name="password" type="password"></form>`;

// samlp asks it who the user is, and what is said of them.
class Profile {
  constructor(user) { this.user = user; }
  getClaims() { return this.user.attributes; }
  getNameIdentifier() { return { nameIdentifier: this.user.name }; }
}
Profile.prototype.metadata = [];

const server = http.createServer(async (request, response) => {
  // What samlp expects of Express, and no more.
  const url = new URL(request.url, 'http://localhost');
  Object.assign(request, { query: Object.fromEntries(url.searchParams), body: {}, originalUrl: request.url, protocol: 'http' });
  response.set = (name, value) => response.setHeader(name, value);
  response.send = (body) => response.end(String(body));
  const issuer = `http://localhost:${server.address().port}/metadata`;
  const settings = {
    ...options, issuer, recipient, profileMapper: (user) => new Profile(user),
    getPostURL: (_audience, _dom, _request, done) => done(null, recipient),
    audience, destination: recipient, nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  };
  if (url.pathname === '/metadata') {
    const described = { issuer, cert: options.cert, redirectEndpointPath: '/sso', postEndpointPath: '/sso', profileMapper: Profile };
    return samlp.metadata(described)(request, response);
  }
  if (url.pathname === '/login' && request.method === 'POST') {
    let text = '';
    for await (const chunk of request) text += chunk;
    const given = new URLSearchParams(text);
    const user = users[given.get('user')];
    if (!user || user.password !== given.get('password')) {
      response.statusCode = 401;
      return response.send(form);
    }
    const session = randomBytes(16).toString('hex');
    sessions.set(session, { ...user, name: given.get('user') });
    response.writeHead(302, { location: '/sso', 'set-cookie': `session=${session}; HttpOnly` });
    return response.end();
  }
  const user = sessions.get(/session=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1]);
  if (!user) return response.send(form);
  request.user = user;
  samlp.auth(settings)(request, response, (error) => { response.statusCode = 500; response.send(error); });
});
server.listen(0, '127.0.0.1', () => console.log(`http://localhost:${server.address().port}`));
