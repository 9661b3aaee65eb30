// openid-client: asks the server about tokens (RFC 7662), and revokes one (RFC 7009).
import * as oidc from 'openid-client'
import { audience, foreignToken, id, issuer, names, refusal, report, secret, templates, version } from './lib.mjs'

const config = await oidc.discovery(new URL(issuer), id, undefined, oidc.ClientSecretPost(secret), { algorithm: 'oauth2' })
const get = async () => (await oidc.clientCredentialsGrant(config, { audience })).access_token
const use = async (token) => names(await (await oidc.fetchProtectedResource(config, token, new URL(templates), 'GET')).json())

const token = await get()
const found = {
  'the token': await oidc.tokenIntrospection(config, token),
  'a foreign token': await oidc.tokenIntrospection(config, foreignToken()),
}
const listed = await use(token)
await oidc.tokenRevocation(config, token)
found['the revoked token'] = await oidc.tokenIntrospection(config, token)

report({
  version: version('openid-client'),
  token,
  again: await get(),
  names: listed,
  introspected: found,
  refused: { 'the revoked token': await refusal(() => use(token), (e) => `${e.status} ${e.cause[0].parameters.error}`) },
})
