// openid-client: signs assertions with a key of its own (RFC 7523), and has no secret.
import * as oidc from 'openid-client'
import { audience, id, issuer, names, ownKey, refusal, report, strangeKey, templates, version } from './lib.mjs'

const discover = (key) => oidc.discovery(new URL(issuer), id, undefined, oidc.PrivateKeyJwt(key), { algorithm: 'oauth2' })
const get = (config) => oidc.clientCredentialsGrant(config, { audience })

const config = await discover(await ownKey())
const first = await get(config)
const again = await get(config)
const page = await oidc.fetchProtectedResource(config, first.access_token, new URL(templates), 'GET')
const denied = await discover(await strangeKey())

report({
  version: version('openid-client'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  names: names(await page.json()),
  refused: { 'another key': await refusal(() => get(denied), (e) => `${e.status} ${e.error ?? e.cause[0].parameters.error}`) },
})
