// @badgateway/oauth2-client: finds the endpoint by discovery; its own fetch calls the API.
// The argument is its setting authenticationMethod.
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client'
import { audience, id, names, refusal, report, secret, templates, url, version, wrongSecret } from './lib.mjs'

const client = (clientSecret) =>
  new OAuth2Client({ server: `${url}/`, clientId: id, clientSecret, authenticationMethod: process.argv[2] })
const get = (s) => client(s).clientCredentials({ extraParams: { audience } })

const first = await get(secret)
const again = await get(secret)
const wrapper = new OAuth2Fetch({ client: client(secret), getNewToken: () => get(secret) })
const page = await wrapper.fetch(templates)

report({
  version: version('@badgateway/oauth2-client'),
  token: first.accessToken,
  again: again.accessToken,
  expiresIn: Math.round((first.expiresAt - Date.now()) / 1000),
  names: names(await page.json()),
  refused: {
    'wrong secret': await refusal(() => get(wrongSecret), (e) => `${e.httpCode} ${e.oauth2Code}`),
  },
})
