// @okta/jwt-verifier, told where the keys are. It knows RS256 only.
import OktaJwtVerifier from '@okta/jwt-verifier'
import { report, url, verdicts, version } from './lib.mjs'

const check = async (token, issuer, audience) => {
  const verifier = new OktaJwtVerifier({ issuer, jwksUri: `${url}/.well-known/jwks.json` })
  return (await verifier.verifyAccessToken(token, audience)).claims
}

const say = (e) => (e.userMessage ?? e.message).replace(/ https:\S+/g, '')

report({ version: version('@okta/jwt-verifier'), ...(await verdicts(check, say)) })
