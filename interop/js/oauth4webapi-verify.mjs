// oauth4webapi as a resource server: the checks of RFC 9068 §4.
import * as oauth from 'oauth4webapi'
import { issuer, report, verdicts, version } from './lib.mjs'

const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)
const check = (token, issuer, audience) => {
  const request = new Request('https://api.example/', { headers: { Authorization: `Bearer ${token}` } })
  return oauth.validateJwtAccessToken({ ...server, issuer }, request, audience)
}
const say = (e) => [e.code, e.cause?.claim].filter(Boolean).join(' ')

report({ version: version('oauth4webapi'), ...(await verdicts(check, say)) })
