package credential_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/credential"
)

const ecKey = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}` // RFC 7515 §A.3

func TestCreateTrust(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("shop")
	sum := sha256.Sum256([]byte("a certificate"))
	thumbprint := base64.RawURLEncoding.EncodeToString(sum[:])
	workload := tepin.Trust{Kind: tepin.TrustIssuer, URL: "https://token.actions.githubusercontent.com", Subject: "repo:shop/site:ref:refs/heads/main", Audience: "https://tepin.example"}
	with := func(v tepin.Trust, change func(*tepin.Trust)) tepin.Trust { change(&v); return v }
	for name, c := range map[string]struct {
		trust   tepin.Trust
		refused string // fields
	}{
		"a key":                          {tepin.Trust{Kind: tepin.TrustKey, Label: " CI ", Keys: ecKey, ExpiresAt: r.clock.Now().Add(time.Hour)}, ""},
		"a key set":                      {tepin.Trust{Kind: tepin.TrustKeySet, URL: "https://shop.example/jwks.json"}, ""},
		"an issuer":                      {workload, ""},
		"an issuer with keys":            {with(workload, func(v *tepin.Trust) { v.Keys, v.Reusable = ecKey, true }), ""},
		"a thumbprint":                   {tepin.Trust{Kind: tepin.TrustCertificate, Thumbprint: thumbprint}, ""},
		"a thumbprint in hexadecimal":    {tepin.Trust{Kind: tepin.TrustCertificate, Thumbprint: "sha256 Fingerprint=" + colons(hex.EncodeToString(sum[:]))}, ""},
		"no kind":                        {tepin.Trust{Keys: ecKey}, "kind"},
		"a kind that is none":            {tepin.Trust{Kind: "password"}, "kind"},
		"no key":                         {tepin.Trust{Kind: tepin.TrustKey}, "keys"},
		"a label on two lines":           {tepin.Trust{Kind: tepin.TrustKey, Keys: ecKey, Label: "a\nb"}, "label"},
		"an end that is over":            {tepin.Trust{Kind: tepin.TrustKey, Keys: ecKey, ExpiresAt: r.clock.Now()}, "expiresAt"},
		"an end before the beginning":    {tepin.Trust{Kind: tepin.TrustKey, Keys: ecKey, NotBefore: r.clock.Now().Add(2 * time.Hour), ExpiresAt: r.clock.Now().Add(time.Hour)}, "expiresAt"},
		"a key and all else":             {tepin.Trust{Kind: tepin.TrustKey, Keys: ecKey, URL: "https://a.example", Subject: "s", Audience: "a", Reusable: true, Thumbprint: thumbprint}, "audience reusable subject thumbprint url"},
		"a key set with keys":            {tepin.Trust{Kind: tepin.TrustKeySet, URL: "https://shop.example/jwks.json", Keys: ecKey}, "keys"},
		"a key set without a URL":        {tepin.Trust{Kind: tepin.TrustKeySet}, "url"},
		"a key set over http":            {tepin.Trust{Kind: tepin.TrustKeySet, URL: "http://shop.example/jwks.json"}, "url"},
		"a URL with a password":          {tepin.Trust{Kind: tepin.TrustKeySet, URL: "https://a:b@shop.example/jwks.json"}, "url"},
		"a URL with a line break":        {tepin.Trust{Kind: tepin.TrustKeySet, URL: "https://shop.example/\n"}, "url"},
		"a long URL":                     {tepin.Trust{Kind: tepin.TrustKeySet, URL: "https://shop.example/" + strings.Repeat("x", 2048)}, "url"},
		"an issuer alone":                {tepin.Trust{Kind: tepin.TrustIssuer, URL: workload.URL}, "audience subject"},
		"a pattern":                      {with(workload, func(v *tepin.Trust) { v.Subject = "repo:shop/*" }), "subject"},
		"white space around a subject":   {with(workload, func(v *tepin.Trust) { v.Subject += " " }), "subject"},
		"white space around the aud":     {with(workload, func(v *tepin.Trust) { v.Audience = "\t" + v.Audience }), "audience"},
		"every pull request":             {with(workload, func(v *tepin.Trust) { v.Subject = "repo:shop/site:pull_request" }), "subject"},
		"the default service account":    {with(workload, func(v *tepin.Trust) { v.URL, v.Subject = "https://k8s.example", "system:serviceaccount:shop:default" }), "subject"},
		"a service account of its own":   {with(workload, func(v *tepin.Trust) { v.URL, v.Subject = "https://k8s.example", "system:serviceaccount:shop:site" }), ""},
		"a thumbprint of another length": {tepin.Trust{Kind: tepin.TrustCertificate, Thumbprint: thumbprint[:20]}, "thumbprint"},
		"a key for a certificate":        {tepin.Trust{Kind: tepin.TrustCertificate, Thumbprint: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1}}))}, "thumbprint"},
	} {
		t.Run(name, func(t *testing.T) {
			c.trust.EnvironmentID, c.trust.IntegrationID = r.env.ID, in.ID
			v, err := r.CreateTrust(t.Context(), admin, c.trust, false)
			if c.refused != "" {
				wantKind(t, err, tepin.Invalid)
				wantFields(t, err, strings.Fields(c.refused))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.Label != strings.TrimSpace(c.trust.Label) || v.Kind == tepin.TrustCertificate && v.Thumbprint != thumbprint || v.CreatedBy != admin.Name {
				t.Errorf("%+v", v)
			}
			if err := r.DeleteTrust(t.Context(), admin, r.env.ID, in.ID, v.ID); err != nil {
				t.Error(err)
			}
		})
	}
}

// A certificate that is given whole brings its name and its end.
func TestCertificateTrust(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("shop")
	now := r.clock.Now()
	certificate := func(name string, end time.Time) (string, string) {
		c := accesstest.NewCertificate(t, name, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-time.Hour), end })
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Leaf.Raw})), access.Thumbprint(c.Leaf.Raw)
	}
	end := now.Add(90 * 24 * time.Hour).Truncate(time.Second)
	text, thumbprint := certificate("shop-1", end)
	long, _ := certificate(strings.Repeat("x", 61), end)
	odd, _ := certificate("a\nb", end)
	over, _ := certificate("over", now)
	trust := tepin.Trust{EnvironmentID: r.env.ID, IntegrationID: in.ID, Kind: tepin.TrustCertificate}
	for name, c := range map[string]struct {
		text, label string
		ends        time.Time
		wantLabel   string
		wantEnd     time.Time
	}{
		"as it is":                     {"\n" + text, "", time.Time{}, "CN=shop-1", end},
		"with an end before its own":   {text, "mine", now.Add(time.Hour), "mine", now.Add(time.Hour)},
		"with an end after its own":    {text, "", end.Add(time.Hour), "CN=shop-1", end},
		"with a name that is too long": {long, "", time.Time{}, "", end},
		"with a name that is no label": {odd, "", time.Time{}, "", end},
		"by its thumbprint":            {thumbprint, "", time.Time{}, "", time.Time{}},
	} {
		v := trust
		v.Thumbprint, v.Label, v.ExpiresAt = c.text, c.label, c.ends
		got, err := r.CreateTrust(t.Context(), admin, v, false)
		if err != nil || got.Label != c.wantLabel || !got.ExpiresAt.Equal(c.wantEnd) || strings.Contains(c.text, text) && got.Thumbprint != thumbprint {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{"that is over": over, "twice": text + text, "cut short": text[:100]} {
		v := trust
		v.Thumbprint = text
		t.Run(name, func(t *testing.T) {
			_, err := r.CreateTrust(t.Context(), admin, v, false)
			wantKind(t, err, tepin.Invalid)
			wantFields(t, err, []string{"thumbprint"})
		})
	}
}

func colons(digits string) string {
	var pairs []string
	for ; digits != ""; digits = digits[2:] {
		pairs = append(pairs, strings.ToUpper(digits[:2]))
	}
	return strings.Join(pairs, ":")
}

// Force takes what is probably a mistake, never what is one.
func TestForcedTrust(t *testing.T) {
	c := accesstest.NewClock()
	var answer error
	var asked int
	in := accesstest.New(t, accesstest.Options{PublicURL: "https://tepin.example", Now: c.Now, CheckTrust: func(context.Context, tepin.Trust) error { asked++; return answer }})
	env := in.Environment(in.Subscription("Main"), "demo", tepin.Sandbox)
	i, _ := in.Integration(env)
	workload := tepin.Trust{EnvironmentID: env.ID, IntegrationID: i.ID, Kind: tepin.TrustIssuer, URL: "https://k8s.example", Subject: "system:serviceaccount:shop:default", Audience: "https://tepin.example"}
	for _, step := range []struct {
		name    string
		answer  error
		force   bool
		refused string
		asked   int
	}{
		{"a shared subject is refused before anybody is asked", nil, false, "subject", 0},
		{"a shared subject, forced", nil, true, "", 1},
		{"a host that is not there", tepin.Errorf(tepin.Unavailable, "k8s.example cannot be reached"), false, "subject", 0},
		{"a host that is not there, forced", tepin.Errorf(tepin.Unavailable, "k8s.example cannot be reached"), true, "", 1},
		{"a URL that is none, forced", tepin.Errorf(tepin.Invalid, "no URL"), true, "url", 1},
	} {
		answer, asked = step.answer, 0
		_, err := in.Credential.CreateTrust(t.Context(), admin, workload, step.force)
		if asked != step.asked {
			t.Errorf("%s: asked %d times", step.name, asked)
		}
		if step.refused == "" {
			if err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
			continue
		}
		wantFields(t, err, strings.Fields(step.refused))
	}
	workload.Subject, answer = "system:serviceaccount:shop:site", tepin.Errorf(tepin.Forbidden, "k8s.example leads to a private address")
	_, err := in.Credential.CreateTrust(t.Context(), admin, workload, false)
	wantKind(t, err, tepin.Invalid)
	if got := credential.Refusals(err)["url"]; got != "k8s.example leads to a private address" {
		t.Errorf("%v", err)
	}
}

// The integration's own trusts are changed and ended; nobody else's.
func TestTrustLife(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("shop")
	v, err := r.CreateTrust(t.Context(), admin, tepin.Trust{EnvironmentID: r.env.ID, IntegrationID: in.ID, Kind: tepin.TrustKey, Keys: ecKey}, false)
	if err != nil {
		t.Fatal(err)
	}
	known := func() int {
		t.Helper()
		list, err := r.access.Trusts(t.Context(), in.ClientID)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if known() != 1 {
		t.Error("a new trust is not known at once")
	}
	label, end := " the CI's ", r.clock.Now().Add(time.Minute)
	if v, err = r.UpdateTrust(t.Context(), admin, r.env.ID, in.ID, v.ID, tepin.TrustUpdate{Label: &label, ExpiresAt: &end}); err != nil || v.Label != "the CI's" || !v.ExpiresAt.Equal(end) {
		t.Errorf("%+v %v", v, err)
	}
	long := strings.Repeat("x", credential.MaxLabel+1)
	_, err = r.UpdateTrust(t.Context(), admin, r.env.ID, in.ID, v.ID, tepin.TrustUpdate{Label: &long})
	wantFields(t, err, []string{"label"})
	past := r.clock.Now()
	_, err = r.UpdateTrust(t.Context(), admin, r.env.ID, in.ID, v.ID, tepin.TrustUpdate{ExpiresAt: &past})
	wantFields(t, err, []string{"expiresAt"})
	_, err = r.UpdateTrust(t.Context(), admin, r.env.ID, tepin.NewID[tepin.IntegrationID](), v.ID, tepin.TrustUpdate{Label: &label})
	wantKind(t, err, tepin.NotFound)
	wantKind(t, r.DeleteTrust(t.Context(), admin, r.env.ID, tepin.NewID[tepin.IntegrationID](), v.ID), tepin.NotFound)
	if err := r.DeleteTrust(t.Context(), admin, r.env.ID, in.ID, v.ID); err != nil || known() != 0 {
		t.Errorf("%v; %d are known afterwards", err, known())
	}
}
