package oauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
)

const (
	gitHubSubject     = "repo:shop/site:ref:refs/heads/main"
	kubernetesSubject = "system:serviceaccount:shop:site"
)

// workloadClaims are those of a token that an issuer gives to a workload.
func (r *rig) workloadClaims(issuer, subject string, life time.Duration) claims {
	now := r.now().Unix()
	return claims{"iss": issuer, "sub": subject, "aud": publicURL, "iat": now, "nbf": now - 5, "exp": now + int64(life/time.Second), "jti": tepin.RandomBase62(20)}
}

// A job of GitHub Actions: one token, one use, and the access token ends with it.
func TestGitHubActions(t *testing.T) {
	r := newRig(t)
	pair := pairs()[jose.RS256]
	host := newForeign(t, pair)
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	trust := r.trusts(in, tepin.Trust{Kind: tepin.TrustIssuer, URL: host.URL, Subject: gitHubSubject, Audience: publicURL})
	c := r.workloadClaims(host.URL, gitHubSubject, 5*time.Minute)
	c["repository"], c["run_id"] = "shop/site", "1"
	clientID := "client_id=" + string(in.ClientID)

	refused(t, "without client_id", r.assert(sign(t, pair, jose.RS256, c)), 401, "invalid_client", "send the client_id")
	jwt := sign(t, pair, jose.RS256, c)
	got := r.assert(jwt, clientID)
	accepted(t, "a job", got)
	if got.left > 300 || got.left < 290 {
		t.Errorf("the access token lives %d s, its workload's token 300 s", got.left)
	}
	if _, _, ok := r.Access.LastUse(trust.ID); !ok {
		t.Error("the use is not noted")
	}
	refused(t, "again", r.assert(jwt, clientID), 401, "invalid_client", "presented before")
	delete(c, "jti")
	jwt = sign(t, pair, jose.RS256, c)
	accepted(t, "without a jti", r.assert(jwt, clientID))
	refused(t, "without a jti, again", r.assert(jwt, clientID), 401, "invalid_client", "presented before")

	other, _ := r.Integration(r.env, tepin.TemplateRead)
	for name, change := range map[string]func(claims){
		"another repository": func(c claims) { c["sub"] = "repo:evil/site:ref:refs/heads/main" },
		"another branch":     func(c claims) { c["sub"] = gitHubSubject + "2" },
		"another case":       func(c claims) { c["sub"] = strings.ToUpper(gitHubSubject) },
		"for somebody else":  func(c claims) { c["aud"] = "https://other.example" },
		"our token endpoint": func(c claims) { c["aud"] = publicURL + "/oauth/token" },
		"another issuer":     func(c claims) { c["iss"] = "https://evil.example" },
		"issuer with slash":  func(c claims) { c["iss"] = host.URL + "/" },
	} {
		c := r.workloadClaims(host.URL, gitHubSubject, 5*time.Minute)
		change(c)
		refused(t, name, r.assert(sign(t, pair, jose.RS256, c), clientID), 401, "invalid_client", "is not accepted")
	}
	good := r.workloadClaims(host.URL, gitHubSubject, 5*time.Minute)
	refused(t, "another integration", r.assert(sign(t, pair, jose.RS256, good), "client_id="+string(other.ClientID)), 401, "invalid_client", "is not accepted")
	evil := newPair("RS256")
	refused(t, "another key of that name", r.assert(sign(t, evil, jose.ES256, good), clientID), 401, "invalid_client", "is not accepted")
	for name, change := range map[string]func(claims){
		"for two audiences": func(c claims) { c["aud"] = []string{publicURL, "https://other.example"} },
		"expired":           func(c claims) { c["exp"] = r.now().Unix() - 1 },
		"for two days":      func(c claims) { c["exp"] = r.now().Unix() + 2*86400 },
		"for ever":          func(c claims) { delete(c, "exp") },
	} {
		c := r.workloadClaims(host.URL, gitHubSubject, 5*time.Minute)
		change(c)
		if got := r.assert(sign(t, pair, jose.RS256, c), clientID); got.StatusCode != 401 || got.code != "invalid_client" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	accepted(t, "after all that", r.assert(sign(t, pair, jose.RS256, good), clientID))
}

// A pod of Kubernetes presents the token of its service account until that ends.
func TestKubernetes(t *testing.T) {
	r := newRig(t)
	pair := newPair("k8s")
	const issuer = "https://kubernetes.default.svc.cluster.local" // which nobody outside can reach
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustIssuer, URL: issuer, Subject: kubernetesSubject, Audience: publicURL, Reusable: true, Keys: registered(pair)})
	c := r.workloadClaims(issuer, kubernetesSubject, time.Hour)
	c["aud"] = []string{publicURL}
	jwt := signText(pair, `{"alg":"ES256","kid":"k8s"}`, text(c))
	clientID := "client_id=" + string(in.ClientID)
	first := accepted(t, "the pod", r.assert(jwt, clientID))
	r.advance(30 * time.Minute)
	got := r.assert(jwt, clientID)
	if second := accepted(t, "the pod, later", got); second == first || got.left > 1800 {
		t.Errorf("lives %d s", got.left)
	}
	r.advance(30*time.Minute - time.Second)
	if got := r.assert(jwt, clientID); got.StatusCode == 200 && got.left > 1 {
		t.Errorf("at its end: %d s", got.left)
	}
	r.advance(time.Second)
	refused(t, "after its end", r.assert(jwt, clientID), 401, "invalid_client", "has expired")
}
