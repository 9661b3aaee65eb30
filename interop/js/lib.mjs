// What the scripts share: the settings of the run, the API call of clients that make
// none themselves, and the report.
import { readFileSync } from 'node:fs'

const need = (name) => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} must be set; go run ./interop does that`)
  return value
}

export const url = need('TEPIN_URL')
export const issuer = need('TEPIN_ISSUER')
export const audience = need('TEPIN_AUDIENCE')
export const origin = need('TEPIN_ORIGIN') // of a page that may have tokens
export const templates = need('TEPIN_TEMPLATES') // a list in the Environment API
export const id = need('TEPIN_CLIENT_ID')
export const secret = need('TEPIN_CLIENT_SECRET')
export const wrongSecret = need('TEPIN_WRONG_SECRET') // well-formed, and another client's

/** version is the installed version of a package. */
export const version = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version

/** names lists what a page of the API holds. */
export const names = (page) => page.data.map((item) => item.name)

/** told is the refusal of an API: the status, and the error code of its challenge (RFC 6750 §3). */
export const told = (answer) =>
  `${answer.status} ${/error="(\w+)"/.exec(answer.headers.get('www-authenticate'))?.[1] ?? 'without an error code'}`

/** callAPI lists templates, for libraries that only get tokens. */
export const callAPI = async (token) => {
  const answer = await fetch(templates, { headers: { Authorization: `Bearer ${token}` } })
  if (!answer.ok) throw new Error(told(answer))
  return names(await answer.json())
}

/** refusal awaits a failure and returns what say makes of it. */
export const refusal = async (attempt, say) => {
  let got
  try {
    got = await attempt()
  } catch (error) {
    return say(error)
  }
  throw new Error(`what should be refused gives ${JSON.stringify(got)}`)
}

export const report = (found) => console.log(JSON.stringify(found))

/**
 * verdicts tries a verifier on a token, which it must accept, and on what it must not.
 * check(token, issuer, audience) returns the claims or fails; say names the failure.
 */
export const verdicts = async (check, say) => {
  const token = need('TEPIN_TOKEN')
  const altered = need('TEPIN_ALTERED') // another scope under the same signature
  return {
    claims: await check(token, issuer, audience),
    refused: {
      'an altered token': await refusal(() => check(altered, issuer, audience), say),
      'another audience': await refusal(() => check(token, issuer, 'https://other.example'), say),
      'another issuer': await refusal(() => check(token, 'https://other.example/', audience), say),
    },
  }
}

/** foreignToken is a good token of another client in the same environment. */
export const foreignToken = () => need('TEPIN_FOREIGN_TOKEN')

const algorithms = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
}

/** ownKey is the private key whose public half is registered with the client. */
export const ownKey = async () => {
  const jwk = JSON.parse(need('TEPIN_PRIVATE_KEY'))
  return { kid: jwk.kid, key: await crypto.subtle.importKey('jwk', jwk, algorithms[jwk.alg], false, ['sign']) }
}

/** strangeKey is another that calls itself the same. */
export const strangeKey = async () => {
  const { kid } = JSON.parse(need('TEPIN_PRIVATE_KEY'))
  return { kid, key: (await crypto.subtle.generateKey(algorithms.ES256, false, ['sign', 'verify'])).privateKey }
}

/** certificate is the one that is registered with the client, with its key; PEM. */
export const certificate = () => ({ cert: need('TEPIN_CLIENT_CERT'), key: need('TEPIN_CLIENT_KEY') })

/** strangeCertificate is nobody's. */
export const strangeCertificate = () => ({ cert: need('TEPIN_STRANGE_CERT'), key: need('TEPIN_STRANGE_KEY') })

/** person does something in the console's pages, and returns where that leads. */
const person = (what) => async (said) => {
  const answer = await fetch(`${need('TEPIN_PERSON')}/${what}`, { method: 'POST', body: said })
  if (!answer.ok) throw new Error(await answer.text())
  return answer.text()
}

/** enterCode signs the device in that shows a code. */
export const enterCode = person('device')

/** consent allows what is asked at an address, and returns the callback's. */
export const consent = person('authorize')

/** application is what is registered for people to sign in to. */
export const application = () => ({ id: need('TEPIN_APPLICATION_ID'), callback: need('TEPIN_CALLBACK') })
