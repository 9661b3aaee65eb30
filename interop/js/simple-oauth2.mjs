// simple-oauth2. The arguments are its settings authorizationMethod and bodyFormat.
import { ClientCredentials } from 'simple-oauth2'
import { audience, callAPI, id, refusal, report, secret, url, version, wrongSecret } from './lib.mjs'

const [authorizationMethod, bodyFormat] = process.argv.slice(2)
const get = async (s) => {
  const client = new ClientCredentials({
    client: { id, secret: s },
    auth: { tokenHost: url, tokenPath: '/oauth/token' },
    options: { authorizationMethod, bodyFormat },
  })
  return (await client.getToken({ audience })).token
}
const first = await get(secret)
const again = await get(secret)

report({
  version: version('simple-oauth2'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  names: await callAPI(first.access_token),
  refused: {
    'wrong secret': await refusal(() => get(wrongSecret), (e) => `${e.output.statusCode} ${e.data.payload.error}`),
  },
})
