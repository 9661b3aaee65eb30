package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/web"
)

// deviceGrant is the grant_type of RFC 8628 §3.4.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// deviceAnswer is the body of RFC 8628 §3.2.
type deviceAnswer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"`
	Interval                int64  `json:"interval"`
}

// device is the device authorization endpoint (RFC 8628 §3.1).
func (h Handler) device(w http.ResponseWriter, r *http.Request) error {
	body, err := h.startDevice(r)
	if err != nil {
		refuse(w, r, err)
		return nil
	}
	noStore(w.Header())
	w.Header()["Content-Type"] = inJSON
	_, _ = w.Write(body) // the client may be gone
	return nil
}

func (h Handler) startDevice(r *http.Request) ([]byte, error) {
	req, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	a, err := h.application(r.Context(), r, req.credentials)
	if err != nil {
		return nil, err
	}
	if !a.Device {
		return nil, &failure{code: unauthorizedClient, description: "this application may not sign people in from devices; it uses the authorization code"}
	}
	audience, err := h.audience(req)
	if err != nil {
		return nil, err
	}
	start, err := h.People.StartDevice(r.Context(), grant.DeviceAsk{
		Application: a, Scopes: tepin.AskedScopes(req.get("scope")), Audience: audience, From: web.ClientAddr(r),
	})
	if err != nil {
		return nil, err
	}
	page := h.Issuer + "device"
	return json.Marshal(deviceAnswer{
		DeviceCode: start.DeviceCode, UserCode: start.UserCode,
		VerificationURI: page, VerificationURIComplete: page + "?user_code=" + url.QueryEscape(start.UserCode),
		ExpiresIn: int64(start.ExpiresIn / time.Second), Interval: int64(start.Interval / time.Second),
	})
}

// deviceCode gives the tokens that a device waits for (RFC 8628 §3.4), or tells it how
// things stand.
func (h Handler) deviceCode(r *http.Request, a tepin.Application, req request) (grant.PersonTokens, error) {
	code := req.get("device_code")
	if code == "" {
		return grant.PersonTokens{}, bad("the parameter device_code is missing")
	}
	t, refusal, err := h.People.PollDevice(r.Context(), a, code, h.presenter(r, req))
	if refusal != "" {
		return grant.PersonTokens{}, &failure{code: string(refusal), description: deviceRefusals[refusal]}
	}
	return t, grantFailure(err)
}

var deviceRefusals = map[grant.DeviceRefusal]string{
	grant.DevicePending: "the person has not decided yet; ask again after the interval",
	grant.DeviceSlower:  "you ask too often; ask again after an interval that is 5 seconds longer than before",
	grant.DeviceDenied:  "the person has refused, or has no role that this application is for; begin again if that was an error",
	grant.DeviceExpired: "nobody has decided in time; begin again",
}
