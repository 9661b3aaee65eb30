package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
)

// newSecretDialog is what new-secret.html shows.
type newSecretDialog struct {
	Rotation bool // the secrets so far end
	Overlaps []choice
	Lives    []choice
	Full     *tepin.Secret // there is no room for one more: the oldest would have to end
}

// choice is a value of a form with its name.
type choice struct{ Value, Name string }

// overlaps are how long old secrets may outlive a rotation, as Go durations.
var overlaps = []choice{{"0s", "End at once"}, {"1h", "1 hour"}, {"24h", "1 day"}, {"168h", "7 days"}, {"720h", "30 days"}}

// lives are after how many days a secret ends; 0 = never.
var lives = []choice{{"0", "Never"}, {"30", "30 days"}, {"90", "90 days"}, {"180", "180 days"}, {"365", "1 year"}}

func (c *Console) askRotate(v *visit) error    { return c.askSecret(v, true) }
func (c *Console) askNewSecret(v *visit) error { return c.askSecret(v, false) }

func (c *Console) askSecret(v *visit, rotation bool) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	p.Panel.Dialog = filled("overlap", "24h", "life", "0")
	return c.renderNewSecret(v, http.StatusOK, p, rotation)
}

func (c *Console) renderNewSecret(v *visit, status int, p environmentPage, rotation bool) error {
	p.Panel.NewSecret = &newSecretDialog{Rotation: rotation, Overlaps: overlaps, Lives: lives}
	var unended []tepin.Secret
	for _, s := range p.Panel.Secrets {
		if s.ExpiresAt.IsZero() || s.ExpiresAt.After(c.now()) {
			unended = append(unended, s)
		}
	}
	if len(unended) >= tepin.MaxLiveSecrets {
		p.Panel.NewSecret.Full = &unended[0]
	}
	return c.renderPanel(v, status, "new-secret", p)
}

func (c *Console) rotate(v *visit) error    { return c.makeSecret(v, true) }
func (c *Console) addSecret(v *visit) error { return c.makeSecret(v, false) }

// makeSecret makes a new secret and shows it, on the only page that ever does.
func (c *Console) makeSecret(v *visit, rotation bool) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	in, f, ctx := p.Panel.Integration, v.r.PostForm, v.r.Context()
	overlap, o, err := c.secretOptions(f.Get("overlap"), f.Get("life"))
	o.Label, o.Force = f.Get("label"), f.Get("force") != ""
	var plain string
	switch {
	case err != nil:
	case rotation:
		_, plain, err = c.credential.Rotate(ctx, v.actor, in.EnvironmentID, in.ID, overlap, o)
	default:
		_, plain, err = c.credential.AddSecret(ctx, v.actor, in.EnvironmentID, in.ID, o)
	}
	if refusal(err) {
		p.Panel.Dialog = refused(err, "overlap", f.Get("overlap"), "life", f.Get("life"), "label", o.Label)
		p.Panel.Dialog.Unsaved = false // a secret is made, not saved
		return c.renderNewSecret(v, http.StatusUnprocessableEntity, p, rotation)
	}
	if err != nil {
		return err
	}
	made := createdSecret{Integration: in, Secret: plain, Rotated: rotation}
	if rotation && overlap > 0 && p.Panel.Live > 0 {
		made.OldEnd = c.now().Add(overlap)
	}
	return c.showSecret(v, in.ID, made)
}

// secretOptions reads the choices of the dialog; what is none of them is refused by the
// rules, or here.
func (c *Console) secretOptions(overlap, life string) (time.Duration, credential.SecretOptions, error) {
	var o credential.SecretOptions
	d, err := time.ParseDuration(overlap)
	if err != nil && overlap != "" {
		d = -1
	}
	o.ExpiresAt, err = c.endOfLife(life)
	return d, o, err
}

// endOfLife reads after how many days something ends; 0 and nothing mean never.
func (c *Console) endOfLife(days string) (time.Time, error) {
	if days == "" {
		return time.Time{}, nil
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 0 || n > 3650 {
		return time.Time{}, &tepin.Error{Kind: tepin.Invalid, Path: "life", Message: "must be a number of days, at most ten years"}
	}
	if n == 0 {
		return time.Time{}, nil
	}
	return c.now().Add(time.Duration(n) * 24 * time.Hour), nil
}

// Warning returns how near a secret's end is, in days, when it is time to say so.
func (p integrationPanel) Warning(s tepin.Secret, now time.Time) int { return warning(s, now) }

func warning(s tepin.Secret, now time.Time) int {
	if s.ReplacedBy != "" {
		return 0
	}
	return tepin.ExpiryWarning(s.CreatedAt, s.ExpiresAt, now)
}

// Replaces reports whether a rotation that made s can still be cancelled or completed.
func (p integrationPanel) Replaces(s tepin.Secret, now time.Time) bool {
	for _, old := range p.Secrets {
		if old.ReplacedBy == s.ID && old.ExpiresAt.After(now) {
			return true
		}
	}
	return false
}

// askAboutSecret asks something about the secret that the path names.
func (c *Console) askAboutSecret(v *visit, question func(environmentPage, tepin.Secret) *confirmation) error {
	p, s, err := c.secretPage(v)
	if err != nil {
		return err
	}
	return c.ask(v, func(environmentPage) *confirmation { return question(p, s) })
}

// secretPage reads the panel with the secret of the path.
func (c *Console) secretPage(v *visit) (environmentPage, tepin.Secret, error) {
	p, err := c.visited(v, "general")
	if err != nil {
		return environmentPage{}, tepin.Secret{}, err
	}
	for _, s := range p.Panel.Secrets {
		if string(s.ID) == v.r.PathValue("secret") {
			return p, s, nil
		}
	}
	return environmentPage{}, tepin.Secret{}, tepin.Errorf(tepin.NotFound, "This integration has no such secret; it may have been removed.")
}

func secretPath(p environmentPage, s tepin.Secret) string {
	return p.PanelPath() + "/secrets/" + string(s.ID)
}

func (c *Console) confirmSecret(v *visit) error {
	return c.askAboutSecret(v, func(p environmentPage, s tepin.Secret) *confirmation {
		lead := "It stops working at once, and so do the tokens made with it."
		if p.Panel.Live <= 1 && s.LiveAt(c.now()) {
			lead += " It is the last one that works: “" + p.Panel.Integration.Name + "” could not ask for tokens until you make another."
		}
		return &confirmation{ID: "remove", Title: "Remove the secret •••• " + s.LastFour + "?", Lead: lead, Action: secretPath(p, s) + "/delete",
			Return: "#remove-" + string(s.ID), Keep: "Keep it", Button: "Remove secret"}
	})
}

func (c *Console) confirmCancel(v *visit) error {
	return c.askAboutSecret(v, func(p environmentPage, s tepin.Secret) *confirmation {
		return &confirmation{ID: "cancel", Title: "Cancel the rotation?", Action: secretPath(p, s) + "/cancel", Return: "#cancel-" + string(s.ID),
			Lead: "The new secret •••• " + s.LastFour + " goes, with the tokens made with it. Those that it replaced stay.", Keep: "Keep both", Button: "Cancel rotation"}
	})
}

func (c *Console) confirmComplete(v *visit) error {
	return c.askAboutSecret(v, func(p environmentPage, s tepin.Secret) *confirmation {
		return &confirmation{ID: "complete", Title: "Complete the rotation?", Action: secretPath(p, s) + "/complete", Return: "#complete-" + string(s.ID),
			Lead: "The secrets that •••• " + s.LastFour + " replaced end now, with the tokens made with them.", Keep: "Let them end by themselves", Button: "End the old secrets"}
	})
}

func (c *Console) deleteSecret(v *visit) error   { return c.endWith(v, c.credential.DeleteSecret) }
func (c *Console) cancelRotation(v *visit) error { return c.endWith(v, c.credential.CancelRotation) }
func (c *Console) completeRotation(v *visit) error {
	return c.endWith(v, c.credential.CompleteRotation)
}

// endWith does something to the secret of the path and shows the panel again.
func (c *Console) endWith(v *visit, do credential.SecretChange) error {
	p, s, err := c.secretPage(v)
	if err != nil {
		return err
	}
	if err := do(v.r.Context(), v.actor, s.EnvironmentID, s.IntegrationID, s.ID); err != nil {
		return err
	}
	return v.goTo(p.PanelPath())
}
