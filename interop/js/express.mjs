// express-oauth2-jwt-bearer in an API of its own: it finds the keys by discovery, and answers
// as RFC 6750 §3 has it. "strict" makes it insist on RFC 9068 as well.
import { once } from 'node:events'
import express from 'express'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import { audience, issuer, refusal, report, told, url, verdicts, version } from './lib.mjs'

const strict = process.argv[2] === 'strict'

/** serve starts the API. An issuer that is not there cannot be asked for its keys. */
const serve = async (iss, aud) => {
  const found = iss === issuer ? { issuerBaseURL: iss } : { issuer: iss, jwksUri: `${url}/.well-known/jwks.json` }
  const app = express()
  app.use(auth({ strict, audience: aud, ...found }))
  app.get('/', requiredScopes('template:list'), (request, answer) => answer.json(request.auth.payload))
  app.get('/more', requiredScopes('nobody:has'), (request, answer) => answer.end())
  app.use((error, request, answer, next) => answer.status(error.status).set(error.headers).end())
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** ask makes one request of an API and returns the claims that it saw. */
const ask = async (token, iss, aud, path = '/') => {
  const server = await serve(iss, aud)
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : {}
    const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers })
    if (!answer.ok) throw answer
    return await answer.json()
  } finally {
    server.close()
    server.closeAllConnections()
  }
}
const found = await verdicts(ask, told)
found.refused['no token'] = await refusal(() => ask('', issuer, audience), told)
found.refused['a missing scope'] = await refusal(() => ask(process.env.TEPIN_TOKEN, issuer, audience, '/more'), told)
report({ version: version('express-oauth2-jwt-bearer'), ...found })
