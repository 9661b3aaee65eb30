package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// aKey registers a public key with the client's integration, and gives the client the
// private one.
func aKey(alg string) extra {
	return func(ctx context.Context, in *installation, c client) ([]string, error) {
		private, err := newKey(alg)
		if err != nil {
			return nil, err
		}
		key := jose.JSONWebKey{Key: private, KeyID: "interop", Algorithm: alg, Use: "sig"}
		public := key.Public()
		if err := in.register(ctx, c, map[string]any{"kind": "key", "label": alg, "keys": &public}); err != nil {
			return nil, err
		}
		raw, err := key.MarshalJSON()
		return []string{"TEPIN_PRIVATE_KEY=" + string(raw)}, err
	}
}

func newKey(alg string) (crypto.Signer, error) {
	switch alg {
	case "EdDSA":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "PS256", "RS256":
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return nil, fmt.Errorf("no keys for %s", alg)
}

// aCertificate registers a certificate with the client's integration, and gives the client
// its key, and another certificate.
func aCertificate(ctx context.Context, in *installation, c client) ([]string, error) {
	cert, key, err := newCertificate()
	if err != nil {
		return nil, err
	}
	strange, strangeKey, err := newCertificate()
	if err != nil {
		return nil, err
	}
	err = in.register(ctx, c, map[string]any{"kind": "certificate", "thumbprint": string(cert)})
	return []string{
		"TEPIN_CLIENT_CERT=" + string(cert), "TEPIN_CLIENT_KEY=" + string(key),
		"TEPIN_STRANGE_CERT=" + string(strange), "TEPIN_STRANGE_KEY=" + string(strangeKey),
	}, err
}
