package environmentapi

import (
	"encoding/json"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// answer is what a typed operation answers.
type answer[T any] struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the resource, for If-None-Match and If-Match."`
	Body   T
}

// empty is an answer without a body.
type empty struct{ Status int }

func ok[T any](body T) *answer[T] { return &answer[T]{Status: http.StatusOK, Body: body} }

// versioned answers body with its ETag, or 304 if the caller has this version.
func versioned[T any](c web.Caller, version int64, body T) *answer[T] {
	a := &answer[T]{Status: http.StatusOK, ETag: web.ETag(version), Body: body}
	if web.NotModified(c.Request, version) {
		a.Status = http.StatusNotModified
	}
	return a
}

// writeJSON answers a hand-written operation.
func writeJSON(w http.ResponseWriter, status int, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client is gone; there is nobody to tell
	return nil
}

// serveDocument answers a stored document byte for byte.
func (a *API) serveDocument(w http.ResponseWriter, r *http.Request, name string, ref tepin.BlobRef, version int64) error {
	if web.NotModified(r, version) {
		w.Header().Set("ETag", web.ETag(version))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return a.serveBlob(w, r, ref, web.Blob{Name: name + ".json", ContentType: "application/json", ETag: web.ETag(version)})
}
