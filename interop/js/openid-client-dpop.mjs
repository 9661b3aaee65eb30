// openid-client: a token that is bound to a key (DPoP, RFC 9449). The library answers the
// server's nonces itself. The argument is the key's algorithm.
import * as oidc from 'openid-client'
import { audience, id, issuer, names, refusal, report, secret, templates, version } from './lib.mjs'

const config = await oidc.discovery(new URL(issuer), id, undefined, oidc.ClientSecretBasic(secret), { algorithm: 'oauth2' })
const handle = async () => oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair(process.argv[2]))
const get = (DPoP) => oidc.clientCredentialsGrant(config, { audience }, { DPoP })
const use = async (token, DPoP) =>
  names(await (await oidc.fetchProtectedResource(config, token, new URL(templates), 'GET', undefined, undefined, { DPoP })).json())

const own = await handle()
const strange = await handle()
const first = await get(own)
const again = await get(own)
const say = (e) => `${e.status} ${e.cause[0].parameters.error}`

report({
  version: version('openid-client'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  type: first.token_type,
  names: await use(first.access_token, own),
  refused: {
    'without a proof': await refusal(() => use(first.access_token), say),
    "another key's proof": await refusal(() => use(first.access_token, strange), say),
  },
})
