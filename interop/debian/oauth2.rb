# Ruby's oauth2. The argument is its auth_scheme.
require 'json'
require 'oauth2'

def client(secret)
  OAuth2::Client.new(ENV.fetch('TEPIN_CLIENT_ID'), secret,
                     site: ENV.fetch('TEPIN_URL'), token_url: '/oauth/token', auth_scheme: ARGV[0].to_sym)
end

def get(secret)
  client(secret).client_credentials.get_token(audience: ENV.fetch('TEPIN_AUDIENCE'))
end

first = get(ENV.fetch('TEPIN_CLIENT_SECRET'))
again = get(ENV.fetch('TEPIN_CLIENT_SECRET'))
page = first.get(ENV.fetch('TEPIN_TEMPLATES'))
refused =
  begin
    get(ENV.fetch('TEPIN_WRONG_SECRET'))
    abort 'a wrong secret gives a token'
  rescue OAuth2::Error => e
    "#{e.response.status} #{e.code}"
  end

puts JSON.generate(
  version: Gem::Specification.find_by_name('oauth2').version.to_s,
  token: first.token,
  again: again.token,
  expiresIn: first.expires_in,
  names: JSON.parse(page.body)['data'].map { |t| t['name'] },
  refused: { 'wrong secret' => refused }
)
