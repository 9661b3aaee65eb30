// Command fosite is a token server on github.com/ory/fosite, the engine of Ory Hydra,
// to be measured beside Tepin: clients and tokens in memory, ES256 access tokens, client
// secrets under the hash that is named.
//
//	fosite pbkdf2    PBKDF2-SHA-256 of 25,000 rounds, which Hydra takes unless told otherwise
//	fosite bcrypt    bcrypt of cost 10, which Hydra can be set to
//
// It prints its address, and serves one client, "peer", whose secret is that word.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
)

const (
	audience = "https://chiligrafx.com"
	rounds   = 25_000
	saltSize = 16
	keySize  = 32
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fosite:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("name the hash: pbkdf2 or bcrypt")
	}
	config := &fosite.Config{AccessTokenLifespan: 24 * time.Hour, HashCost: 10, GlobalSecret: []byte("of tokens that this server does not issue")}
	if os.Args[1] == "pbkdf2" {
		config.ClientSecretsHasher = slow{}
	}
	secret, err := config.GetSecretsHasher(context.Background()).Hash(context.Background(), []byte("peer"))
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	kept := storage.NewMemoryStore()
	kept.Clients["peer"] = &fosite.DefaultClient{ID: "peer", Secret: secret, GrantTypes: []string{"client_credentials"},
		Audience: []string{audience}, Scopes: []string{"template:read", "template:list"}}
	strategy := compose.NewOAuth2JWTStrategy(func(context.Context) (any, error) { return key, nil }, compose.NewOAuth2HMACStrategy(config), config)
	provider := compose.Compose(config, &forgetful{MemoryStore: kept}, strategy, compose.OAuth2ClientCredentialsGrantFactory)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	http.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) { issue(provider, w, r) })
	return http.Serve(listener, nil)
}

func issue(provider fosite.OAuth2Provider, w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	session := &oauth2.JWTSession{JWTClaims: &jwt.JWTClaims{Issuer: "http://localhost/", Subject: "peer"}, JWTHeader: &jwt.Headers{Extra: map[string]any{}}}
	request, err := provider.NewAccessRequest(ctx, r, session)
	if err != nil {
		provider.WriteAccessError(ctx, w, request, err)
		return
	}
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	request.GrantAudience(audience)
	response, err := provider.NewAccessResponse(ctx, request)
	if err != nil {
		provider.WriteAccessError(ctx, w, request, err)
		return
	}
	provider.WriteAccessResponse(ctx, w, request, response)
}

// forgetful keeps the last tokens only: the memory store of the library is one for tests,
// and grows for ever.
type forgetful struct {
	*storage.MemoryStore
	mu   sync.Mutex
	last []string
}

func (f *forgetful) CreateAccessTokenSession(ctx context.Context, signature string, r fosite.Requester) error {
	f.mu.Lock()
	f.last = append(f.last, signature)
	var oldest string
	if len(f.last) > 1000 {
		oldest, f.last = f.last[0], f.last[1:]
	}
	f.mu.Unlock()
	if oldest != "" {
		if err := f.MemoryStore.DeleteAccessTokenSession(ctx, oldest); err != nil {
			return err
		}
	}
	return f.MemoryStore.CreateAccessTokenSession(ctx, signature, r)
}

// slow is the hash that Hydra has by default: salt and key, one after the other.
type slow struct{}

func (slow) Hash(_ context.Context, secret []byte) ([]byte, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	key, err := pbkdf2.Key(sha256.New, string(secret), salt, rounds, keySize)
	return append(salt, key...), err
}

func (slow) Compare(_ context.Context, hash, secret []byte) error {
	key, err := pbkdf2.Key(sha256.New, string(secret), hash[:saltSize], rounds, keySize)
	if err == nil && !hmac.Equal(key, hash[saltSize:]) {
		err = errors.New("wrong secret")
	}
	return err
}
