// aws-jwt-verify: its verifier for any OpenID Connect provider.
import { JwtVerifier } from 'aws-jwt-verify'
import { report, url, verdicts, version } from './lib.mjs'

const check = (token, issuer, audience) =>
  JwtVerifier.create({ issuer, audience, jwksUri: `${url}/.well-known/jwks.json` }).verify(token)

report({ version: version('aws-jwt-verify'), ...(await verdicts(check, (e) => e.constructor.name)) })
