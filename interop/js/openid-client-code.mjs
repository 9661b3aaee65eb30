// openid-client: signs a person in to a registered application, by authorization code with
// PKCE (RFC 7636), and keeps them signed in.
import * as oidc from 'openid-client'
import { application, consent, issuer, names, refusal, report, templates, version } from './lib.mjs'

const { id, callback } = application()
const config = await oidc.discovery(new URL(issuer), id, undefined, oidc.None())

const ask = async () => {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expected = { pkceCodeVerifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true }
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid profile email offline_access',
    state: expected.expectedState,
    nonce: expected.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  return { address, expected }
}
const use = async (token) => names(await (await oidc.fetchProtectedResource(config, token, new URL(templates), 'GET')).json())
const say = (e) => `${e.status} ${e.error ?? e.cause[0].parameters.error}`

const { address, expected } = await ask()
const back = new URL(await consent(address.href))
const first = await oidc.authorizationCodeGrant(config, back, expected)
const claims = first.claims()
const next = await oidc.refreshTokenGrant(config, first.refresh_token)
const found = {
  version: version('openid-client'),
  token: first.access_token,
  again: next.access_token,
  names: await use(next.access_token),
  claims: { ...claims, ...(await oidc.fetchUserInfo(config, next.access_token, claims.sub)) },
  refused: {},
}

const other = await ask()
const stolen = new URL(await consent(other.address.href))
const wrong = { ...other.expected, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }
found.refused['a code without its verifier'] = await refusal(() => oidc.authorizationCodeGrant(config, stolen, wrong), say)
found.refused['a refresh token again'] = await refusal(() => oidc.refreshTokenGrant(config, first.refresh_token), say)
found.refused['the tokens that came of it'] = await refusal(() => use(next.access_token), say)
report(found)
