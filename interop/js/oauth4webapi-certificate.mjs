// oauth4webapi: proves who it is by a certificate, to which its tokens are bound (RFC 8705).
// undici is the fetch that can show certificates.
import * as oauth from 'oauth4webapi'
import * as undici from 'undici'
import { audience, certificate, id, issuer, names, refusal, report, strangeCertificate, templates, version } from './lib.mjs'

const client = { client_id: id, use_mtls_endpoint_aliases: true }
const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)
const endpoint = new URL(server.mtls_endpoint_aliases.token_endpoint)
const api = new URL(new URL(templates).pathname, endpoint)

/** showing is a fetch with a certificate. */
const showing = (pair) => {
  const dispatcher = new undici.Agent({ connect: pair })
  return { [oauth.customFetch]: (url, init) => undici.fetch(url, { ...init, dispatcher }) }
}
const get = async (options) => {
  const answer = await oauth.clientCredentialsGrantRequest(server, client, oauth.TlsClientAuth(), { audience }, options)
  return oauth.processClientCredentialsResponse(server, client, answer)
}
const use = async (token, options) =>
  names(await (await oauth.protectedResourceRequest(token, 'GET', api, undefined, undefined, options)).json())

const own = showing(certificate())
const strange = showing(strangeCertificate())
const first = await get(own)
const again = await get(own)
const say = (e) => `${e.status} ${e.error ?? e.cause[0].parameters.error}`

report({
  version: version('oauth4webapi'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  names: await use(first.access_token, own),
  refused: {
    'another certificate': await refusal(() => get(strange), say),
    'the token with another certificate': await refusal(() => use(first.access_token, strange), say),
    'the token without a certificate': await refusal(() => use(first.access_token), say),
  },
})
process.exit() // undici keeps its connections
