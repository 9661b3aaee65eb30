package console

import (
	"net/http"

	"github.com/tepin/tepin"
)

// trustDialog is what new-trust.html shows.
type trustDialog struct {
	Kind  tepin.TrustKind
	Kinds []choice
	Lives []choice
	Force bool // the rules would let it pass when it is meant
}

// trustKinds are the ways to prove oneself beside a secret.
var trustKinds = []choice{
	{string(tepin.TrustKey), "Public key"}, {string(tepin.TrustKeySet), "Key set at a URL"},
	{string(tepin.TrustIssuer), "Another issuer's tokens"}, {string(tepin.TrustCertificate), "Client certificate"},
}

// TrustName is the kind of a trust in words.
func (p integrationPanel) TrustName(v tepin.Trust) string {
	for _, k := range trustKinds {
		if k.Value == string(v.Kind) {
			return k.Name
		}
	}
	return string(v.Kind)
}

// TrustSubject is what a trust is about, in one line.
func (p integrationPanel) TrustSubject(v tepin.Trust) string {
	switch v.Kind {
	case tepin.TrustKeySet:
		return v.URL
	case tepin.TrustIssuer:
		return v.Subject + " of " + v.URL
	case tepin.TrustCertificate:
		return v.Thumbprint
	}
	return ""
}

// trusts returns an integration's trusts, with uses of a moment ago that are not in the
// database yet.
func (c *Console) trusts(v *visit, in tepin.Integration) ([]tepin.Trust, error) {
	list, err := c.store.Trusts(v.r.Context(), in.EnvironmentID, in.ID)
	for i := range list {
		if at, from, ok := c.access.LastUse(list[i].ID); ok && at.After(list[i].LastUsedAt) {
			list[i].LastUsedAt, list[i].LastUsedFrom = at, from
		}
	}
	return list, err
}

func (c *Console) newTrust(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	p.Panel.Dialog = filled("life", "0")
	kind := tepin.TrustKind(v.r.URL.Query().Get("kind"))
	if kind == "" {
		kind = tepin.TrustKey
	}
	return c.renderTrust(v, http.StatusOK, p, trustDialog{Kind: kind})
}

func (c *Console) renderTrust(v *visit, status int, p environmentPage, d trustDialog) error {
	d.Kinds, d.Lives = trustKinds, lives
	p.Panel.NewTrust = &d
	return c.renderPanel(v, status, "new-trust", p)
}

// addTrust gives the integration one more way to prove itself.
func (c *Console) addTrust(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	in, f := p.Panel.Integration, v.r.PostForm
	t := tepin.Trust{
		EnvironmentID: in.EnvironmentID, IntegrationID: in.ID, Kind: tepin.TrustKind(f.Get("kind")), Label: f.Get("label"),
		Keys: f.Get("keys"), URL: f.Get("url"), Subject: f.Get("subject"), Audience: f.Get("audience"), Thumbprint: f.Get("thumbprint"),
		Reusable: f.Get("reusable") != "",
	}
	if t.ExpiresAt, err = c.endOfLife(f.Get("life")); err == nil {
		_, err = c.credential.CreateTrust(v.r.Context(), v.actor, t, f.Get("force") != "")
	}
	if refusal(err) {
		p.Panel.Dialog = refused(err, "label", t.Label, "keys", t.Keys, "url", t.URL, "subject", t.Subject, "audience", t.Audience, "thumbprint", t.Thumbprint, "life", f.Get("life"), "reusable", f.Get("reusable"))
		p.Panel.Dialog.Unsaved = false
		if p.Panel.Dialog.Error("keys") != "" {
			p.Panel.Dialog.values["keys"] = "" // it may be a private one, which goes no further
		}
		forcible := p.Panel.Dialog.Error("subject") != "" || p.Panel.Dialog.Error("url") != ""
		return c.renderTrust(v, http.StatusUnprocessableEntity, p, trustDialog{Kind: t.Kind, Force: forcible})
	}
	if err != nil {
		return err
	}
	return v.goTo(p.PanelPath())
}

func (c *Console) confirmTrust(v *visit) error {
	return c.ask(v, func(p environmentPage) *confirmation {
		for _, t := range p.Panel.Trusts {
			if string(t.ID) == v.r.PathValue("trust") {
				return &confirmation{ID: "remove", Title: "Remove “" + p.Panel.TrustName(t) + "”?", Action: p.PanelPath() + "/trusts/" + string(t.ID) + "/delete",
					Lead:   "Whoever proves to be “" + p.Panel.Integration.Name + "” with it gets no more tokens, and those that it got end at once.",
					Return: "#remove-" + string(t.ID), Keep: "Keep it", Button: "Remove"}
			}
		}
		return nil
	})
}

func (c *Console) deleteTrust(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	in := p.Panel.Integration
	if err := c.credential.DeleteTrust(v.r.Context(), v.actor, in.EnvironmentID, in.ID, tepin.CredentialID(v.r.PathValue("trust"))); err != nil {
		return err
	}
	return v.goTo(p.PanelPath())
}
