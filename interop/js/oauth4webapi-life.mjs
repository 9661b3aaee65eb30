// oauth4webapi: asks the server about tokens (RFC 7662), and revokes one (RFC 7009).
import * as oauth from 'oauth4webapi'
import { audience, foreignToken, id, issuer, names, refusal, report, secret, templates, version } from './lib.mjs'

const client = { client_id: id }
const authenticate = oauth.ClientSecretBasic(secret)
const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)

const get = async () => {
  const answer = await oauth.clientCredentialsGrantRequest(server, client, authenticate, { audience })
  return (await oauth.processClientCredentialsResponse(server, client, answer)).access_token
}
const ask = async (token) => {
  const answer = await oauth.introspectionRequest(server, client, authenticate, token)
  return oauth.processIntrospectionResponse(server, client, answer)
}
const use = async (token) => names(await (await oauth.protectedResourceRequest(token, 'GET', new URL(templates))).json())

const token = await get()
const found = { 'the token': await ask(token), 'a foreign token': await ask(foreignToken()) }
const listed = await use(token)
await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authenticate, token))
found['the revoked token'] = await ask(token)

report({
  version: version('oauth4webapi'),
  token,
  again: await get(),
  names: listed,
  introspected: found,
  refused: { 'the revoked token': await refusal(() => use(token), (e) => `${e.status} ${e.cause[0].parameters.error}`) },
})
