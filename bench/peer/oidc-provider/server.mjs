// A token server on npm oidc-provider, to be measured beside Tepin: everything in the
// library's own memory, ES256 access tokens as JSON Web Tokens (RFC 9068), asked for by
// resource indicator.
// It prints its address, and serves one client, "peer", whose secret is that word.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const audience = 'https://chiligrafx.com'

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const address = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(address, {
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig', kid: 'one' }] },
    clients: [{
      client_id: 'peer', client_secret: 'peer', grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
      id_token_signed_response_alg: 'ES256', token_endpoint_auth_method: 'client_secret_post',
    }],
    scopes: ['template:read', 'template:list'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => ({
          scope: 'template:read template:list', audience, accessTokenFormat: 'jwt', accessTokenTTL: 86400,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  })
  server.on('request', provider.callback())
  console.log(address)
})
