package credential

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// Limits of a trust's texts, in characters; of its URL, in bytes.
const (
	maxTrustText = 255
	maxTrustURL  = 2048
)

// CreateTrust gives an integration a way to prove itself without a secret. Of v it
// takes environment, integration, kind, label, times, and what the kind is about:
// keys as a JWK set, a JWK or in PEM form; a thumbprint in base64url or hexadecimal, or
// the certificate itself.
//
// A subject that many workloads share, and a host that cannot be reached now, are
// refused unless force is true.
func (s *Service) CreateTrust(ctx context.Context, by tepin.Actor, v tepin.Trust, force bool) (tepin.Trust, error) {
	if err := s.cleanTrust(&v); err != nil {
		return tepin.Trust{}, err
	}
	if shared := sharedSubject(v); shared != "" && !force {
		return tepin.Trust{}, refuse("subject", shared+"; name one that only this workload has, or repeat this with force")
	}
	if s.checkTrust != nil {
		if err := s.checkTrust(ctx, v); err != nil && (!force || tepin.KindOf(err) == tepin.Invalid) {
			return tepin.Trust{}, unreachable(err)
		}
	}
	v, err := s.store.CreateTrust(ctx, by, v)
	if err != nil {
		return tepin.Trust{}, err
	}
	s.changed(ctx)
	return v, nil
}

// UpdateTrust changes a trust's label or end. An end in the past is refused: to end a
// trust now, delete it.
func (s *Service) UpdateTrust(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integration tepin.IntegrationID, id tepin.CredentialID, u tepin.TrustUpdate) (tepin.Trust, error) {
	var errLabel, errEnd error
	u.Label, errLabel = cleanField("label", u.Label, false, MaxLabel)
	if u.ExpiresAt != nil && !u.ExpiresAt.IsZero() && !u.ExpiresAt.After(s.now()) {
		errEnd = refuse("expiresAt", "must lie in the future; to end a trust now, delete it")
	}
	if err := errors.Join(errLabel, errEnd); err != nil {
		return tepin.Trust{}, err
	}
	v, err := s.store.UpdateTrust(ctx, by, env, integration, id, u)
	if err != nil {
		return tepin.Trust{}, err
	}
	s.changed(ctx)
	return v, nil
}

// DeleteTrust ends one trust of an integration, and the tokens made with it, at once.
func (s *Service) DeleteTrust(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integration tepin.IntegrationID, id tepin.CredentialID) error {
	return s.then(ctx, s.store.DeleteTrust(ctx, by, env, integration, id))
}

// cleanTrust checks a trust, and brings its texts into the one form that is stored.
func (s *Service) cleanTrust(v *tepin.Trust) error {
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	var err error
	v.Label, err = cleanText("label", v.Label, false, MaxLabel)
	note(err)
	if !v.ExpiresAt.IsZero() && (!v.ExpiresAt.After(s.now()) || !v.ExpiresAt.After(v.NotBefore)) {
		note(refuse("expiresAt", "must lie in the future, and after the beginning"))
	}
	takes := map[string]bool{}
	switch v.Kind {
	case tepin.TrustKey:
		takes["keys"] = true
		v.Keys, err = cleanKeys(v.Keys)
		note(err)
	case tepin.TrustKeySet:
		takes["url"] = true
		note(checkTrustURL(v.URL))
	case tepin.TrustIssuer:
		takes["url"], takes["subject"], takes["audience"], takes["reusable"], takes["keys"] = true, true, true, true, true
		note(checkTrustURL(v.URL))
		note(checkExact("subject", v.Subject))
		note(checkExact("audience", v.Audience))
		if v.Keys != "" {
			v.Keys, err = cleanKeys(v.Keys)
			note(err)
		}
	case tepin.TrustCertificate:
		takes["thumbprint"] = true
		note(s.cleanCertificate(v))
	default:
		return refuse("kind", "is none of: key, key_set, issuer, certificate")
	}
	for _, field := range []struct {
		name string
		set  bool
	}{{"keys", v.Keys != ""}, {"url", v.URL != ""}, {"subject", v.Subject != ""}, {"audience", v.Audience != ""}, {"reusable", v.Reusable}, {"thumbprint", v.Thumbprint != ""}} {
		if field.set && !takes[field.name] {
			note(refuse(field.name, "does not belong to a trust of this kind; leave it out"))
		}
	}
	return errors.Join(errs...)
}

// checkTrustURL refuses what cannot be a jwks_uri or an issuer (OpenID Connect
// Discovery 1.0 §3). It is stored as it is: issuers are compared exactly.
func checkTrustURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return refuse("url", "is required")
	case err != nil || len(raw) > maxTrustURL || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }):
		return refuse("url", "is no URL of the form https://host/path")
	}
	return nil
}

// checkExact refuses a text that no claim can be equal to, or that looks like a pattern.
func checkExact(field, text string) error {
	clean, err := cleanText(field, text, true, maxTrustText)
	switch {
	case err != nil:
		return err
	case clean != text:
		return refuse(field, "has white space around it, or is not in Unicode's form C; it is compared exactly")
	case strings.Contains(text, "*"):
		return refuse(field, "has a *, but there are no patterns; it is compared exactly")
	}
	return nil
}

// sharedSubject says who shares a trust's subject, if that is known to be many.
func sharedSubject(v tepin.Trust) string {
	account, kubernetes := strings.CutPrefix(v.Subject, "system:serviceaccount:")
	switch {
	case v.Kind != tepin.TrustIssuer:
		return ""
	case kubernetes && strings.HasSuffix(account, ":default"):
		return "is the account of every pod of its namespace that names no other"
	case v.URL == "https://token.actions.githubusercontent.com" && strings.HasSuffix(v.Subject, ":pull_request"):
		return "is that of every pull request of its repository"
	}
	return ""
}

// cleanCertificate takes a thumbprint, or the certificate itself: then the trust ends with
// it at the latest, and is called by its subject if that can be a label and there is none.
func (s *Service) cleanCertificate(v *tepin.Trust) (err error) {
	if !strings.Contains(v.Thumbprint, "-----BEGIN ") {
		v.Thumbprint, err = cleanThumbprint(v.Thumbprint)
		return err
	}
	c, err := access.ParseCertificate(v.Thumbprint, s.now())
	if err != nil {
		return inField(err, tepin.Invalid, "thumbprint")
	}
	v.Thumbprint = c.Thumbprint
	if v.ExpiresAt.IsZero() || v.ExpiresAt.After(c.NotAfter) {
		v.ExpiresAt = c.NotAfter
	}
	if label, err := cleanText("label", c.Subject, false, MaxLabel); v.Label == "" && err == nil {
		v.Label = label
	}
	return nil
}

// cleanThumbprint returns the SHA-256 of a certificate in base64url (RFC 8705 §3.1), of
// that, or of what openssl x509 -fingerprint -sha256 prints.
func cleanThumbprint(text string) (string, error) {
	text = strings.TrimSpace(text)
	if sum, err := base64.RawURLEncoding.DecodeString(text); err == nil && len(sum) == sha256.Size {
		return base64.RawURLEncoding.EncodeToString(sum), nil
	}
	_, digits, found := strings.Cut(text, "=") // "sha256 Fingerprint=AA:BB…"
	if !found {
		digits = text
	}
	if sum, err := hex.DecodeString(strings.ReplaceAll(digits, ":", "")); err == nil && len(sum) == sha256.Size {
		return base64.RawURLEncoding.EncodeToString(sum), nil
	}
	return "", refuse("thumbprint", "is no SHA-256 thumbprint of a certificate, in base64url or hexadecimal, and no certificate in PEM form")
}

// unreachable says of a failure to fetch keys that it is the given URL's.
func unreachable(err error) error {
	e, ok := errors.AsType[*tepin.Error](err)
	if !ok {
		return err
	}
	return &tepin.Error{Kind: tepin.Invalid, Path: "url", Message: e.Message, Cause: e.Cause}
}
