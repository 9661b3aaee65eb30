// oauth4webapi: a token that is bound to a key (DPoP, RFC 9449), with the nonces that the
// server asks for. The argument is the key's algorithm.
import * as oauth from 'oauth4webapi'
import { audience, id, issuer, names, refusal, report, secret, templates, version } from './lib.mjs'

const client = { client_id: id }
const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)
const handle = async () => oauth.DPoP(client, await oauth.generateKeyPair(process.argv[2]))

/** nonced makes the request again once it knows the server's nonce. */
const nonced = async (request) => {
  try {
    return await request()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return request()
  }
}
const request = async (DPoP) => {
  const answer = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic(secret), { audience }, { DPoP })
  return oauth.processClientCredentialsResponse(server, client, answer)
}
const get = (DPoP) => nonced(() => request(DPoP))
const use = (token, DPoP) => nonced(async () => {
  const answer = await oauth.protectedResourceRequest(token, 'GET', new URL(templates), undefined, undefined, { DPoP })
  return names(await answer.json())
})

const own = await handle()
const strange = await handle()
const first = await get(own)
const again = await get(own)
const say = (e) => `${e.status} ${e.error ?? e.cause[0].parameters.error}`
const newcomer = await handle()

report({
  version: version('oauth4webapi'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  type: first.token_type,
  names: await use(first.access_token, own),
  refused: {
    'a proof without a nonce': await refusal(() => request(newcomer), say),
    'without a proof': await refusal(() => use(first.access_token), say),
    "another key's proof": await refusal(() => use(first.access_token, strange), say),
  },
})
