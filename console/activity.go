package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// activityRows is how many lines of the audit log one page shows.
const activityRows = 100

// activity is a page of the audit log: what activity.html shows.
type activity struct {
	Rows   []activityRow
	Filter string // beginning of the actions that are shown; "" = all
	Next   int64  // the next page goes on before this number; 0 = this is the last
	Newest bool   // this is the first page
}

// activityRow is one line.
type activityRow struct {
	Seq    int64
	At     time.Time
	Who    string
	What   string
	Bad    bool              // something was refused or misused
	Detail string            // what else is known, as "name value" pairs
	About  tepin.Integration // which it concerns, in the log of an environment
}

// Filters are what the log can be cut down to.
func (activity) Filters() []choice {
	return []choice{{"", "Everything"}, {"credential.", "Refused credentials"}, {"guard.", "Browser guard"}, {"secret.", "Secrets"}, {"token.", "Tokens"}, {"quota.", "Quotas"}}
}

// actions are what the lines of the audit log say, in words.
var actions = map[string]string{
	"application.create": "registered an application", "application.delete": "removed an application", "application.update": "changed an application",
	"brand_kit.create": "created a brand kit", "brand_kit.delete": "deleted a brand kit", "brand_kit.update": "changed a brand kit",
	"collection.add": "added a template to a collection", "collection.create": "created a template collection", "collection.delete": "deleted a template collection",
	"collection.remove": "took a template out of a collection", "collection.rename": "renamed a template in a collection", "collection.restore": "restored a template collection",
	"collection.update": "changed a template collection",
	"component.create":  "created a component", "component.delete": "deleted a component", "component.restore": "restored a component", "component.update": "changed a component",
	"connector.built_in": "Built-in connectors were added", "connector.create": "published a connector", "connector.delete": "deleted a connector",
	"connector.delete_auth": "removed a connector's credential", "connector.restore": "restored a connector", "connector.set_auth": "gave a connector a credential",
	"connector.sign_in": "signed in to a connector", "connector.sign_out": "signed out of a connector", "connector.stage": "staged files for a connector", "connector.update": "changed a connector",
	"credential.refuse": "A credential was refused", "credential.network": "A credential was used from a new network",
	"device.approve": "let a device in", "device.deny": "refused a device", "device.miss": "typed a wrong device code",
	"environment.create": "created the environment", "environment.update": "changed the environment",
	"environment.delete": "deleted the environment", "environment.restore": "restored the environment", "external_media.put": "stored a picture of another system",
	"font.rename": "renamed a font", "font_family.rename": "renamed a font family", "font_style.restore": "restored a font",
	"font.create": "added a font", "font.delete": "removed a font", "font.upload": "uploaded a font", "font.upload_rename": "renamed an uploaded font",
	"guard.block": "A token was refused in a web page", "guard.report": "A token with more than read permissions was used in a web page",
	"integration.create": "created the integration", "integration.delete": "deleted the integration", "integration.update": "changed the integration",
	"integration.revoke_tokens": "ended all tokens",
	"limit.refuse":              "A limit was reached",
	"login.begin":               "signed in to an application", "login.end": "signed out of an application", "login.misuse": "A refresh token was used twice", "login.token": "got a token for an application",
	"media.create": "added a media file", "media.delete": "deleted a media file", "media.restore": "restored a media file", "media.update": "changed a media file",
	"media_folder.create": "created a folder of media", "media_folder.delete": "deleted a folder of media", "media_folder.update": "changed a folder of media",
	"outputsettings.create": "created output settings", "outputsettings.delete": "deleted output settings", "outputsettings.update": "changed output settings",
	"project.restore": "restored a project", "project.share": "shared a project", "project.unshare": "ended the sharing of a project",
	"rich_text_rules.create": "created rich-text rules", "rich_text_rules.delete": "deleted rich-text rules", "rich_text_rules.update": "changed rich-text rules",
	"settings.update": "changed the settings", "subject_type.create": "created a subject type", "subject_type.delete": "deleted a subject type", "subject_type.update": "changed a subject type",
	"tag.create": "created a tag", "tag.delete": "deleted a tag", "tag.update": "changed a tag", "task.remove": "deleted or cancelled an output",
	"template.restore": "restored a template", "template.tag": "tagged a template",
	"template_folder.create": "created a folder of templates", "template_folder.delete": "deleted a folder of templates", "template_folder.update": "changed a folder of templates",
	"user.role":             "changed what somebody may do",
	"user_interface.create": "created a user interface", "user_interface.delete": "deleted a user interface", "user_interface.update": "changed a user interface",
	"vision.update":  "changed where a picture is cropped",
	"project.create": "created a project", "project.delete": "deleted a project", "project.update": "changed a project",
	"quota.warn":      "A quota is running out",
	"rotation.cancel": "cancelled a rotation", "rotation.complete": "completed a rotation",
	"secret.create": "made a client secret", "secret.delete": "removed a client secret", "secret.update": "changed a client secret", "secret.expires_soon": "A client secret ends soon",
	"task.create": "started an output", "task.fail": "An output failed", "task.finish": "An output was finished", "task.expire": "Outputs were removed", "task.delete": "Old tasks were removed",
	"template.create": "created a template", "template.delete": "deleted a template", "template.update": "changed a template",
	"token.issue": "got a new token", "token.revoke": "ended a token",
	"trust.create": "added a key or issuer", "trust.delete": "removed a key or issuer", "trust.update": "changed a key or issuer", "trust.expires_soon": "A key or issuer ends soon",
}

// bad begin the actions that somebody should look at.
var bad = []string{"credential.refuse", "guard.", "limit.", "login.misuse", "task.fail", "secret.expires_soon", "trust.expires_soon", "quota."}

// activityOf reads a page of an environment's log, or of what concerns one of its
// integrations.
func (c *Console) activityOf(v *visit, env tepin.EnvironmentID, about tepin.IntegrationID) (activity, error) {
	query := v.r.URL.Query()
	before, err := strconv.ParseInt(query.Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	a := activity{Filter: query.Get("filter"), Newest: before == 0}
	if !slices.ContainsFunc(a.Filters(), func(f choice) bool { return f.Value == a.Filter }) {
		a.Filter = ""
	}
	list, next, err := c.store.AuditLog(v.r.Context(), store.AuditQuery{Chain: string(env), About: string(about), Action: a.Filter, Before: before, Limit: activityRows})
	if err != nil {
		return a, err
	}
	known := map[string]tepin.Integration{}
	if about == "" {
		page, err := c.store.Integrations(v.r.Context(), env, tepin.List{Limit: tepin.MaxLimit})
		if err != nil {
			return a, err
		}
		for _, in := range page.Items {
			known[string(in.ID)] = in
		}
	}
	a.Next = next
	for _, e := range list {
		r := rowOf(e)
		r.About = known[e.About]
		a.Rows = append(a.Rows, r)
	}
	return a, nil
}

func rowOf(e tepin.AuditEntry) activityRow {
	r := activityRow{Seq: e.Seq, At: e.At, Who: e.ActorName, What: actions[e.Action], Detail: details(e.Detail)}
	if r.What == "" {
		r.What = e.Action
	}
	if first := r.What[:1]; strings.ToUpper(first) == first { // it says all itself
		r.Who = ""
	}
	r.Bad = slices.ContainsFunc(bad, func(begin string) bool { return strings.HasPrefix(e.Action, begin) })
	return r
}

// details are the members of a line's detail but for ids, in the order of their names.
func details(text string) string {
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil {
		return ""
	}
	var parts []string
	for name, value := range members {
		word := fmt.Sprint(value)
		if f, ok := value.(float64); ok {
			word = strconv.FormatFloat(f, 'f', -1, 64)
		}
		if tepin.IsID(word) || word == "" {
			continue
		}
		if nested, ok := value.(map[string]any); ok {
			b, err := json.Marshal(nested)
			if err != nil {
				continue // it came from JSON
			}
			word = string(b)
		}
		parts = append(parts, name+" "+tepin.Shorten(word, 200))
	}
	slices.Sort(parts)
	return strings.Join(parts, " · ")
}

// showActivity is the log of an environment.
func (c *Console) showActivity(v *visit) error {
	p, err := c.environment(v, "activity")
	if err != nil {
		return err
	}
	a, err := c.activityOf(v, p.Environment.ID, "")
	if err != nil {
		return err
	}
	p.Activity = &a
	return c.render(v, http.StatusOK, "activity", "Activity, "+p.Environment.Name, p)
}

// showIntegrationActivity is what the log has about an integration.
func (c *Console) showIntegrationActivity(v *visit) error {
	p, err := c.visited(v, "activity")
	if err != nil {
		return err
	}
	a, err := c.activityOf(v, p.Environment.ID, p.Panel.Integration.ID)
	if err != nil {
		return err
	}
	p.Activity = &a
	return c.renderPanel(v, http.StatusOK, "integration-activity", p)
}
