// openid-client: signs a person in to a program without a browser (RFC 8628), under the
// client id of the command line.
import * as oidc from 'openid-client'
import { enterCode, issuer, refusal, report, url, version } from './lib.mjs'

const config = await oidc.discovery(new URL(issuer), 'tepin', undefined, oidc.None())
const ask = () => oidc.initiateDeviceAuthorization(config, { scope: 'openid profile email offline_access' })
const use = async (token) => {
  const answer = await oidc.fetchProtectedResource(config, token, new URL(`${url}/api/v1/environments`), 'GET')
  return (await answer.json()).map((environment) => environment.name)
}
const say = (e) => `${e.status} ${e.error ?? e.cause[0].parameters.error}`

const device = await ask()
await enterCode(device.user_code)
const first = await oidc.pollDeviceAuthorizationGrant(config, device)
const next = await oidc.refreshTokenGrant(config, first.refresh_token)
const sub = first.claims().sub

report({
  version: version('openid-client'),
  token: first.access_token,
  again: next.access_token,
  names: await use(next.access_token),
  claims: { ...first.claims(), ...(await oidc.fetchUserInfo(config, next.access_token, sub)) },
  refused: {
    'a device code again': await refusal(() => oidc.pollDeviceAuthorizationGrant(config, device), say),
    'a refresh token again': await refusal(() => oidc.refreshTokenGrant(config, first.refresh_token), say),
    'the tokens that came of it': await refusal(() => use(next.access_token), say),
  },
})
