# Perl's Net::OAuth2. The argument "basic" has it send the Basic scheme, "post" the body.
# It has no profile for client_credentials; the one for passwords does it, with empty
# parameters that do not belong there.
use strict;
use warnings;
use JSON::MaybeXS qw(decode_json encode_json);
use Net::OAuth2;
use Net::OAuth2::Client;

sub get_token {
    my $secret  = shift;
    my $profile = Net::OAuth2::Client->new(
        $ENV{TEPIN_CLIENT_ID}, $secret,
        site              => $ENV{TEPIN_URL},
        access_token_path => '/oauth/token',
        grant_type        => 'client_credentials',
        secrets_in_params => $ARGV[0] eq 'post',
    )->password;
    return $profile->get_access_token(username => '', password => '', audience => $ENV{TEPIN_AUDIENCE});
}

my $first = get_token($ENV{TEPIN_CLIENT_SECRET});
my $again = get_token($ENV{TEPIN_CLIENT_SECRET});
my $page  = $first->get($ENV{TEPIN_TEMPLATES});
die $page->as_string unless $page->is_success;

# It dies with the status line and the body.
eval { get_token($ENV{TEPIN_WRONG_SECRET}); 1 } and die "a wrong secret gives a token\n";
my ($status, $code) = $@ =~ /received error: (\d+).*?"error":"(\w+)"/s or die $@;

print encode_json({
    version   => $Net::OAuth2::VERSION,
    token     => $first->access_token,
    again     => $again->access_token,
    expiresIn => $first->expires_in,
    names     => [map { $_->{name} } @{ decode_json($page->content)->{data} }],
    refused   => { 'wrong secret' => "$status $code" },
}), "\n";
