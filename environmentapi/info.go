package environmentapi

import (
	"context"
	"net/http"

	"github.com/tepin/tepin/web"
)

// Info is what the server tells of itself.
type Info struct {
	ServerVersion string `json:"serverVersion"`
	ServerBaseDir string `json:"serverBaseDir" doc:"Always empty: where the server's files lie is nobody's business."`
}

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

type sdkVersion struct {
	SDKVersion    string `json:"sdkVersion"`
	EngineVersion string `json:"engineVersion"`
}

func (a *API) ping(http.ResponseWriter, *http.Request) error { return nil }

func (a *API) info(context.Context, web.Caller, *struct{}) (*answer[Item[Info]], error) {
	return ok(Item[Info]{Data: Info{ServerVersion: a.Version}}), nil
}

// applications are what an environment offers, by the names that clients know.
var applications = map[string]bool{"fonts": true, "media": true, "studio": true, "labs": false, "brand-kits": false, "publisher": false}

func (a *API) settings(_ context.Context, c web.Caller, _ *InEnvironment) (*answer[Settings], error) {
	body := Settings{SDKVersionPublic: "latest", ApplicationsConfig: map[string]AppConfig{}}
	for name, enabled := range applications {
		body.ApplicationsConfig[name] = AppConfig{Enabled: enabled, Features: []string{}}
	}
	return versioned(c, c.Environment.Version, body), nil
}

func (a *API) sdkVersions(context.Context, web.Caller, *struct{}) (*answer[map[string]sdkVersion], error) {
	return ok(map[string]sdkVersion{"latest": {SDKVersion, EngineVersion}}), nil
}
