// jsonwebtoken, with the keys that jwks-rsa fetches.
import jwt from 'jsonwebtoken'
import jwksClient from 'jwks-rsa'
import { report, url, verdicts, version } from './lib.mjs'

const keys = jwksClient({ jwksUri: `${url}/.well-known/jwks.json` })
const check = async (token, issuer, audience) => {
  const { header } = jwt.decode(token, { complete: true })
  const key = await keys.getSigningKey(header.kid)
  return jwt.verify(token, key.getPublicKey(), { issuer, audience, algorithms: [process.argv[2]] })
}

report({
  version: `${version('jsonwebtoken')}, ${version('jwks-rsa')}`,
  ...(await verdicts(check, (e) => e.message.replace(/\. expected: .*/, ''))),
})
