// openid-client: discovery, then tokens. The argument says how the client proves who it is.
import * as oidc from 'openid-client'
import { audience, id, issuer, names, refusal, report, secret, templates, version, wrongSecret } from './lib.mjs'

const methods = { basic: oidc.ClientSecretBasic, post: oidc.ClientSecretPost }
const discover = (s) =>
  oidc.discovery(new URL(issuer), id, undefined, methods[process.argv[2]](s), { algorithm: 'oauth2' })
const get = (config) => oidc.clientCredentialsGrant(config, { audience })

const config = await discover(secret)
const first = await get(config)
const again = await get(config)
const answer = await oidc.fetchProtectedResource(config, first.access_token, new URL(templates), 'GET')
const denied = await discover(wrongSecret)

report({
  version: version('openid-client'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  names: names(await answer.json()),
  refused: {
    // The library shows the challenge of a 401 first, and the body behind it.
    'wrong secret': await refusal(() => get(denied), (e) => `${e.status} ${e.cause[0].parameters.error}`),
  },
})
