// express-oauth2-jwt-bearer in an API of its own that takes nothing but DPoP. oauth4webapi
// makes the proofs.
import { once } from 'node:events'
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import * as oauth from 'oauth4webapi'
import { audience, id, issuer, refusal, report, secret, version } from './lib.mjs'

const client = { client_id: id }
const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)
const handle = async () => oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
const own = await handle()
const strange = await handle()

const request = async () => {
  const answer = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic(secret), { audience }, { DPoP: own })
  return oauth.processClientCredentialsResponse(server, client, answer)
}
const { access_token: token } = await request().catch((error) => {
  if (!oauth.isDPoPNonceError(error)) throw error
  return request()
})

const app = express()
app.use(auth({ issuerBaseURL: issuer, audience, dpop: { enabled: true, required: true } }))
app.get('/', (request, answer) => answer.json(request.auth.payload))
app.use((error, request, answer, next) => answer.status(error.status).set(error.headers).end())
const api = app.listen(0, '127.0.0.1')
await once(api, 'listening')
const address = new URL(`http://127.0.0.1:${api.address().port}/`)
const use = async (DPoP) => {
  const options = { DPoP, [oauth.allowInsecureRequests]: true } // the script's own API has no TLS
  return (await oauth.protectedResourceRequest(token, 'GET', address, undefined, undefined, options)).json()
}

const say = (e) => [e.status, e.cause[0].parameters.error].filter(Boolean).join(' ')
report({
  version: version('express-oauth2-jwt-bearer'),
  claims: await use(own),
  refused: {
    'without a proof': await refusal(() => use(), say),
    "another key's proof": await refusal(() => use(strange), say),
  },
})
api.close()
api.closeAllConnections()
