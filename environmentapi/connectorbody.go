package environmentapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/connector"
)

// Connector is the JSON of a connector.
type Connector struct {
	ID                      tepin.ConnectorID     `json:"id" format:"uuid"`
	Name                    string                `json:"name" example:"Picture archive"`
	Description             string                `json:"description"`
	Type                    tepin.ConnectorType   `json:"type" enum:"media,fonts,data,components"`
	Version                 string                `json:"version" doc:"That its publisher gave it." example:"1.0.0"`
	APIVersion              string                `json:"apiVersion" doc:"Of the interface that the script was built for."`
	Default                 bool                  `json:"default" doc:"The one that is used where none is named; one for each type."`
	Enabled                 bool                  `json:"enabled"`
	Status                  string                `json:"status" enum:"published"`
	IconURL                 *string               `json:"iconUrl"`
	ScriptSource            tepin.ScriptSource    `json:"scriptSource" enum:"external,defaultMedia,defaultFonts"`
	OwnerType               tepin.ConnectorOwner  `json:"ownerType" enum:"builtIn,user"`
	SupportedAuthentication Authentications       `json:"supportedAuthentication"`
	Options                 map[string]any        `json:"options" doc:"Handed to the script: strings, booleans and numbers."`
	AllowedDomains          []string              `json:"allowedDomains" nullable:"false" doc:"Hosts that the script may ask."`
	ProxyOptions            ConnectorProxyOptions `json:"proxyOptions"`
	DateCreated             time.Time             `json:"dateCreated"`
	LastModifiedDate        time.Time             `json:"lastModifiedDate"`
}

// Authentications are the kinds of credentials that a connector has.
type Authentications struct {
	Browser []tepin.AuthKind `json:"browser" nullable:"false" doc:"For calls over HTTP: staticKey, oAuth2ClientCredentials, oAuth2ResourceOwnerPassword, oAuth2AuthorizationCode, oAuth2JwtBearer or none."`
	Server  []tepin.AuthKind `json:"server" nullable:"false" doc:"While outputs are made; the same without oAuth2AuthorizationCode."`
}

// ConnectorProxyOptions say how calls of a connector are made.
type ConnectorProxyOptions struct {
	ForwardedHeaders bool     `json:"forwardedHeaders" required:"false" doc:"Upstreams are told by X-Forwarded-For, -Host and -Proto for whom a call is made."`
	AllowedMethods   []string `json:"allowedMethods,omitempty" required:"false" maxItems:"6" doc:"GET, HEAD, POST, PUT, PATCH or DELETE. Without it: GET, HEAD and POST, which is what connectors use that were written before there was such a list."`
	_                struct{} `additionalProperties:"true"`
}

func connectorOf(v tepin.Connector) Connector {
	c := Connector{
		ID: v.ID, Name: v.Name, Description: v.Description, Type: v.Type, Version: v.Release, APIVersion: v.APIVersion, Default: v.Default, Enabled: v.Enabled,
		Status: "published", ScriptSource: v.ScriptSource, OwnerType: v.Owner, Options: map[string]any{}, AllowedDomains: v.AllowedDomains,
		SupportedAuthentication: Authentications{[]tepin.AuthKind{v.AuthFor(tepin.BrowserUsage)}, []tepin.AuthKind{v.AuthFor(tepin.ServerUsage)}},
		ProxyOptions:            ConnectorProxyOptions{ForwardedHeaders: v.ForwardedHeaders, AllowedMethods: v.AllowedMethods},
		DateCreated:             v.CreatedAt.UTC(), LastModifiedDate: v.UpdatedAt.UTC(),
	}
	if v.IconURL != "" {
		c.IconURL = &v.IconURL
	}
	_ = json.Unmarshal(v.Options, &c.Options) // it was checked when it was stored
	if c.AllowedDomains == nil {
		c.AllowedDomains = []string{}
	}
	return c
}

// ConnectorBody is what is published. Members that it does not name, and those that cannot
// be changed, are ignored.
type ConnectorBody struct {
	Name           *string                `json:"name,omitempty" example:"Picture archive" doc:"Required for a new one."`
	Description    *string                `json:"description,omitempty" nullable:"true" maxLength:"2000"`
	Version        *string                `json:"version,omitempty" nullable:"true" maxLength:"100" example:"1.0.0"`
	Type           *tepin.ConnectorType   `json:"type,omitempty" enum:"media,fonts,data,components" doc:"Required for a new one."`
	IconURL        *string                `json:"iconUrl,omitempty" nullable:"true" maxLength:"2048" doc:"An https:// or data:image/ URL."`
	Options        *map[string]any        `json:"options,omitempty" nullable:"true" doc:"Strings, booleans and numbers for the script: at most 200, 64 KB. They are no secrets: whoever reads the connector sees them."`
	Script         *string                `json:"script,omitempty" doc:"An ES module whose default export is the class of the connector; at most 2 MB. Required for a new one."`
	APIVersion     *string                `json:"apiVersion,omitempty" nullable:"true" maxLength:"100"`
	AllowedDomains *[]string              `json:"allowedDomains,omitempty" nullable:"true" maxItems:"100" example:"[\"api.example.com\",\"*.cdn.example.com\"]" doc:"Hosts that the script may ask, with a port where it matters. A leading *. stands for one label, under a name that somebody has registered."`
	ProxyOptions   *ConnectorProxyOptions `json:"proxyOptions,omitempty"`
	Enabled        *bool                  `json:"enabled,omitempty" nullable:"true" doc:"Of a new one; false if it is left out. PUT leaves it as it is."`
	_              struct{}               `additionalProperties:"true"`
}

type connectorIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the connector."`
}

type newConnectorIn struct {
	InEnvironment
	Body ConnectorBody
}

type putConnectorIn struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the connector."`
	Body ConnectorBody
}

type patchConnectorIn struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the connector."`
	Body struct {
		Enabled *bool    `json:"enabled,omitempty"`
		Default *bool    `json:"default,omitempty" doc:"true takes it from the connector of this type that has it."`
		Name    *string  `json:"name,omitempty"`
		_       struct{} `additionalProperties:"true"`
	}
}

// change reads what is to be of a connector.
func (b ConnectorBody) change() (u tepin.ConnectorUpdate, err error) {
	u = tepin.ConnectorUpdate{Description: b.Description, Release: b.Version, Type: b.Type, IconURL: b.IconURL, Script: b.Script, APIVersion: b.APIVersion}
	if b.Name != nil {
		name, err := asset.CheckName("the connector", *b.Name)
		if err != nil {
			return u, err
		}
		u.Name = &name
	}
	if b.Script != nil {
		if err := checkScript(*b.Script); err != nil {
			return u, err
		}
	}
	if b.IconURL != nil {
		if err := checkIcon(*b.IconURL); err != nil {
			return u, err
		}
	}
	if b.Options != nil {
		if u.Options, err = checkOptions(*b.Options); err != nil {
			return u, err
		}
	}
	if b.AllowedDomains != nil {
		list, err := connector.CheckDomains(*b.AllowedDomains)
		if err != nil {
			return u, err
		}
		u.AllowedDomains = &list
	}
	if b.ProxyOptions != nil {
		u.ForwardedHeaders = &b.ProxyOptions.ForwardedHeaders
		methods := []string{}
		for i, m := range b.ProxyOptions.AllowedMethods {
			if m = strings.ToUpper(m); !slices.Contains(connector.Methods, m) {
				return u, bad(fmt.Sprintf("proxyOptions.allowedMethods[%d]", i), "the methods are %s", strings.Join(connector.Methods, ", "))
			}
			if !slices.Contains(methods, m) {
				methods = append(methods, m)
			}
		}
		u.AllowedMethods = &methods
	}
	return u, nil
}

func bad(path, format string, args ...any) error {
	return &tepin.Error{Kind: tepin.Invalid, Path: path, Message: fmt.Sprintf(format, args...)}
}

func checkScript(script string) error {
	switch {
	case strings.TrimSpace(script) == "":
		return bad("script", "the script is empty")
	case len(script) > tepin.MaxConnectorScript:
		return tepin.Errorf(tepin.TooLarge, "the script has %d bytes; at most %d MB are taken: build it without what it does not use", len(script), tepin.MaxConnectorScript>>20)
	}
	return nil
}

func checkIcon(raw string) error {
	u, err := url.Parse(raw)
	if raw == "" || err == nil && (u.Scheme == "https" && u.Host != "" && u.User == nil || strings.HasPrefix(raw, "data:image/")) {
		return nil
	}
	return bad("iconUrl", "the icon is an https:// URL, or a data:image/ URL")
}

func checkOptions(options map[string]any) (*json.RawMessage, error) {
	if len(options) > tepin.MaxConnectorOptionKeys {
		return nil, bad("options", "there are %d options; at most %d are taken", len(options), tepin.MaxConnectorOptionKeys)
	}
	for _, v := range options {
		switch v.(type) {
		case string, bool, float64, nil:
		default:
			return nil, bad("options", "an option is a string, true, false or a number")
		}
	}
	if options == nil {
		options = map[string]any{}
	}
	raw, err := json.Marshal(options)
	if err == nil && len(raw) > tepin.MaxConnectorOptions {
		err = tepin.Errorf(tepin.TooLarge, "the options have %d bytes; at most %d KB are taken", len(raw), tepin.MaxConnectorOptions>>10)
	}
	return (*json.RawMessage)(&raw), err
}
