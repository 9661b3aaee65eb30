package environmentapi

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// Settings are the settings of an environment.
type Settings struct {
	SDKVersionPublic   string               `json:"sdkVersionPublic" doc:"The version that the environment is pinned to, or latest." example:"latest"`
	ApplicationsConfig map[string]AppConfig `json:"applicationsConfig" nullable:"false"`
}

// AppConfig is one application of an environment.
type AppConfig struct {
	Enabled  bool     `json:"enabled"`
	Features []string `json:"features" nullable:"false"`
}

// applications are what an environment offers, by the names that clients know.
var applications = map[string]bool{"fonts": true, "media": true, "studio": true, "labs": false, brandKits: true, "publisher": false}

const (
	brandKits   = "brand-kits"
	defaultSync = "default_sync" // the feature of brand kits
)

func settingsOf(v tepin.EnvironmentSettings) Settings {
	body := Settings{SDKVersionPublic: v.SDKVersion, ApplicationsConfig: map[string]AppConfig{}}
	for name, enabled := range applications {
		body.ApplicationsConfig[name] = AppConfig{Enabled: enabled, Features: []string{}}
	}
	if v.BrandKitSync {
		body.ApplicationsConfig[brandKits] = AppConfig{Enabled: true, Features: []string{defaultSync}}
	}
	return body
}

func (a *API) settings(ctx context.Context, c web.Caller, _ *InEnvironment) (*answer[Settings], error) {
	v, err := a.Store.EnvironmentSettings(ctx, c.Environment.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, settingsOf(v)), nil
}

type updateSettingsIn struct {
	InEnvironment
	Body struct {
		SDKVersionPublic   *string              `json:"sdkVersionPublic,omitempty" maxLength:"20" doc:"latest, or major.minor of one of GET …/settings/available-sdk-versions." example:"latest"`
		ApplicationsConfig map[string]appChange `json:"applicationsConfig,omitempty" doc:"Of brand-kits, also spelled brand_kits, the feature default_sync can be changed. The rest may be sent as it was got." example:"{\"brand-kits\":{\"features\":[\"default_sync\"]}}"`
		_                  struct{}             `additionalProperties:"true"`
	}
}

type appChange struct {
	Enabled  *bool    `json:"enabled,omitempty"`
	Features Features `json:"features,omitempty"`
	_        struct{} `additionalProperties:"true"`
}

// Features are the features of an application that are on: a list of their names, or an
// object that says so of each.
type Features struct {
	given map[string]bool
	all   bool // those that are not named are off
}

// UnmarshalJSON reads both forms.
func (f *Features) UnmarshalJSON(raw []byte) error {
	f.given = map[string]bool{}
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "{") {
		return json.Unmarshal(raw, &f.given)
	}
	f.all = true
	var names []string
	err := json.Unmarshal(raw, &names)
	for _, name := range names {
		f.given[name] = true
	}
	return err
}

// Schema is what the OpenAPI document says of it.
func (Features) Schema(huma.Registry) *huma.Schema {
	text, flag := &huma.Schema{Type: huma.TypeString}, &huma.Schema{Type: huma.TypeBoolean}
	return &huma.Schema{Description: `A list of the features that are on, as in ["default_sync"], or {"default_sync": true}.`,
		OneOf: []*huma.Schema{{Type: huma.TypeArray, Items: text}, {Type: huma.TypeObject, AdditionalProperties: flag}}}
}

func (a *API) updateSettings(ctx context.Context, c web.Caller, in *updateSettingsIn) (*answer[Settings], error) {
	change := tepin.EnvironmentSettingsUpdate{SDKVersion: in.Body.SDKVersionPublic}
	if change.SDKVersion != nil {
		if err := checkVersion(*change.SDKVersion); err != nil {
			return nil, err
		}
	}
	if _, both := in.Body.ApplicationsConfig["brand_kits"]; both && len(in.Body.ApplicationsConfig[brandKits].Features.given) > 0 {
		return nil, invalid("applicationsConfig", "brand-kits and brand_kits are the same; send one of them")
	}
	for name, app := range in.Body.ApplicationsConfig {
		if err := changeApp(&change, name, app); err != nil {
			return nil, err
		}
	}
	if change.SDKVersion == nil && change.BrandKitSync == nil {
		return nil, tepin.Errorf(tepin.Invalid, "there is nothing to change: send sdkVersionPublic, or the features of brand-kits in applicationsConfig")
	}
	var err error
	if change.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	v, err := a.Store.UpdateEnvironmentSettings(ctx, c.Actor, c.Environment.ID, change)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, settingsOf(v)), nil
}

var patchVersion = regexp.MustCompile(`^\d+\.\d+\.`)

func checkVersion(v string) error {
	const path = "sdkVersionPublic"
	offered := tepin.SDKVersions()
	switch {
	case slices.Contains(offered, v):
		return nil
	case patchVersion.MatchString(v):
		return invalid(path, "environments are pinned to major.minor: leave the patch version out; offered are %s", strings.Join(offered, ", "))
	}
	return invalid(path, "this version is not offered; offered are %s", strings.Join(offered, ", "))
}

// changeApp reads what is to change of an application. What is as it is already may be
// sent back.
func changeApp(change *tepin.EnvironmentSettingsUpdate, name string, app appChange) error {
	if name == "brand_kits" {
		name = brandKits
	}
	enabled, known := applications[name]
	if !known {
		return invalid("applicationsConfig", "there is no application of one of these names; there are brand-kits, fonts, labs, media, publisher and studio")
	}
	at := "applicationsConfig." + name
	if app.Enabled != nil && *app.Enabled != enabled {
		return invalid(at+".enabled", "applications cannot be turned on or off here")
	}
	for feature := range app.Features.given {
		if name != brandKits || feature != defaultSync {
			return invalid(at+".features", "the one feature that can be changed is default_sync, of brand-kits")
		}
	}
	if on, named := app.Features.given[defaultSync]; name == brandKits && (named || app.Features.all) {
		change.BrandKitSync = &on
	}
	return nil
}
