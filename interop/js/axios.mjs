// axios alone, as back ends do it that were written after Auth0's examples: JSON in the body.
import axios from 'axios'
import { audience, id, names, refusal, report, secret, templates, url, version, wrongSecret } from './lib.mjs'

const get = async (s) =>
  (await axios.post(`${url}/oauth/token`, { grant_type: 'client_credentials', audience, client_id: id, client_secret: s })).data
const first = await get(secret)
const again = await get(secret)
const page = await axios.get(templates, { headers: { Authorization: `Bearer ${first.access_token}` } })

report({
  version: version('axios'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  names: names(page.data),
  refused: {
    'wrong secret': await refusal(() => get(wrongSecret), (e) => `${e.response.status} ${e.response.data.error}`),
  },
})
