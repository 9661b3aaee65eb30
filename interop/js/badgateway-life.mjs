// @badgateway/oauth2-client: asks the server about tokens (RFC 7662), and revokes one (RFC 7009).
import { OAuth2Client } from '@badgateway/oauth2-client'
import { audience, callAPI, foreignToken, id, refusal, report, secret, url, version } from './lib.mjs'

const client = new OAuth2Client({ server: `${url}/`, clientId: id, clientSecret: secret })
const get = () => client.clientCredentials({ extraParams: { audience } })

const token = await get()
const found = {
  'the token': await client.introspect(token),
  'a foreign token': await client.introspect({ accessToken: foreignToken() }),
}
const listed = await callAPI(token.accessToken)
await client.revoke(token)
found['the revoked token'] = await client.introspect(token)

report({
  version: version('@badgateway/oauth2-client'),
  token: token.accessToken,
  again: (await get()).accessToken,
  names: listed,
  introspected: found,
  refused: { 'the revoked token': await refusal(() => callAPI(token.accessToken), (e) => e.message) },
})
