// axios-oauth-client: credentials in the body, through axios. The API call is axios's own.
import axios from 'axios'
import { clientCredentials } from 'axios-oauth-client'
import { id, names, refusal, report, secret, templates, url, version, wrongSecret } from './lib.mjs'

const getter = (s) => clientCredentials(axios.create(), `${url}/oauth/token`, id, s)
const first = await getter(secret)()
const again = await getter(secret)()
const page = await axios.get(templates, { headers: { Authorization: `Bearer ${first.access_token}` } })

report({
  version: version('axios-oauth-client'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  names: names(page.data),
  refused: {
    'wrong secret': await refusal(getter(wrongSecret), (e) => `${e.response.status} ${e.response.data.error}`),
  },
})
