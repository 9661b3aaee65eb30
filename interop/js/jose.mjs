// jose: verifies against the published keys.
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { report, url, verdicts, version } from './lib.mjs'

const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
const check = async (token, issuer, audience) =>
  (await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' })).payload

report({ version: version('jose'), ...(await verdicts(check, (e) => [e.code, e.claim].filter(Boolean).join(' '))) })
