// openid-client: swaps a token for one that a web page may have (RFC 8693).
import * as oidc from 'openid-client'
import { audience, id, issuer, names, origin, refusal, report, secret, templates, version } from './lib.mjs'

const config = await oidc.discovery(new URL(issuer), id, undefined, oidc.ClientSecretPost(secret), { algorithm: 'oauth2' })
const parent = await oidc.clientCredentialsGrant(config, { audience })
const exchange = (subject_token) =>
  oidc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    scope: 'template:read template:list',
    origin,
  })
const lesser = await exchange(parent.access_token)

// The page's requests, of which the browser says where they come from.
const use = async (method, headers) => {
  const answer = await oidc.fetchProtectedResource(config, lesser.access_token, new URL(templates), method, undefined, new Headers(headers))
  if (!answer.ok) throw Object.assign(new Error(), { status: answer.status })
  return names(await answer.json())
}
const say = (e) => [e.status, e.error ?? e.cause?.[0]?.parameters.error].filter(Boolean).join(' ')
const found = {
  version: version('openid-client'),
  token: lesser.access_token,
  again: parent.access_token,
  expiresIn: lesser.expires_in,
  type: lesser.issued_token_type,
  names: await use('GET', { origin }),
  refused: {
    'another page': await refusal(() => use('GET', { origin: 'https://evil.example' }), say),
    'no page': await refusal(() => use('GET', {}), say),
    'a write': await refusal(() => use('POST', { origin }), say),
    'the lesser token again': await refusal(() => exchange(lesser.access_token), say),
  },
}
await oidc.tokenRevocation(config, parent.access_token)
found.refused['a token whose parent is revoked'] = await refusal(() => use('GET', { origin }), say)
report(found)
