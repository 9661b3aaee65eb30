package environmentapi

import (
	"context"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// Info is what the server tells of itself.
type Info struct {
	ServerVersion string `json:"serverVersion"`
	ServerBaseDir string `json:"serverBaseDir" doc:"Always empty: where the server's files lie is nobody's business."`
}

type sdkVersion struct {
	SDKVersion    string `json:"sdkVersion"`
	EngineVersion string `json:"engineVersion"`
}

func (a *API) ping(http.ResponseWriter, *http.Request) error { return nil }

func (a *API) info(context.Context, web.Caller, *struct{}) (*answer[Item[Info]], error) {
	return ok(Item[Info]{Data: Info{ServerVersion: a.Version}}), nil
}

func (a *API) sdkVersions(context.Context, web.Caller, *struct{}) (*answer[map[string]sdkVersion], error) {
	list := map[string]sdkVersion{}
	for _, name := range tepin.SDKVersions() {
		list[name] = sdkVersion{tepin.SDKVersion, tepin.EngineVersion}
	}
	return ok(list), nil
}
